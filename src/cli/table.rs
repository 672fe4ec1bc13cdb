//! Tables as notation prints them: columns as wide as their widest cell and three blanks more.

use std::fmt::Write as _;

use super::output::one_line;

/// The rows under each other; what is foreign in a cell cannot draw.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| one_line(cell)))
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        for (width, cell) in widths.iter().zip(row) {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{cell:width$}   ");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cells_stay_on_their_line() {
        let rows = [["a", "wide"], ["bb", "x\n\u{1b}"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "a    wide   \nbb   x      \n");
    }
}
