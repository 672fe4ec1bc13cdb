//! Lines and columns of many places in one text, without counting from its start each time.

use crate::document::Position;

/// Bytes between two places that are kept.
const STEP: usize = 1024;

/// Places of a text, at most [`STEP`] bytes and some apart.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    known: Vec<(usize, Position)>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut here = Position { line: 1, column: 1 };
        let mut known = vec![(0, here)];
        let mut next = STEP;
        for (at, character) in text.char_indices() {
            if at >= next {
                known.push((at, here));
                next = at + STEP;
            }
            here = after(here, character);
        }
        Self { text, known }
    }

    /// The place of the byte `offset`.
    pub(super) fn position(&self, offset: usize) -> Position {
        let before = self.known.partition_point(|(at, _)| *at <= offset);
        let known = self.known.get(before.saturating_sub(1)).copied();
        let (start, position) = known.unwrap_or((0, Position { line: 1, column: 1 }));
        let between = self.text.get(start..offset).unwrap_or_default();
        between.chars().fold(position, after)
    }
}

fn after(here: Position, character: char) -> Position {
    match character {
        '\n' => Position {
            line: here.line + 1,
            column: 1,
        },
        _ => Position {
            column: here.column + 1,
            ..here
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_that_of_counting() {
        let text = "ä\nlong line ü\r\n".repeat(400) + &"é".repeat(3000);
        let lines = Lines::new(&text);
        for (at, _) in text.char_indices() {
            assert_eq!(lines.position(at), Position::at(&text, at));
        }
        assert_eq!(lines.position(text.len()), Position::at(&text, text.len()));
        assert_eq!(Lines::new("").position(0), Position { line: 1, column: 1 });
    }
}
