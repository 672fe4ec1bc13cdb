//! Trees as notation draws them.

use super::output::one_line;

/// A line, and the lines below it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    label: String,
    branches: Vec<Self>,
}

impl Tree {
    /// A line with nothing below it yet. Foreign text in it cannot break the line.
    pub(super) fn new(label: impl AsRef<str>) -> Self {
        Self {
            label: one_line(label.as_ref()),
            branches: Vec::new(),
        }
    }

    /// The line `name: value`.
    pub(super) fn pair(name: &str, value: &str) -> Self {
        Self::new(format!("{name}: {value}"))
    }

    /// The same with one more line below it.
    #[must_use]
    pub(super) fn with(mut self, branch: Self) -> Self {
        self.branches.push(branch);
        self
    }

    /// The same with more lines below it.
    #[must_use]
    pub(super) fn with_all(mut self, branches: impl IntoIterator<Item = Self>) -> Self {
        self.branches.extend(branches);
        self
    }

    /// The lines, each with its line break.
    pub(super) fn draw(&self) -> String {
        let mut text = format!("{}\n", self.label);
        self.draw_branches("", &mut text);
        text
    }

    fn draw_branches(&self, before: &str, text: &mut String) {
        let last = self.branches.len().saturating_sub(1);
        for (position, branch) in self.branches.iter().enumerate() {
            let (corner, below) = if position == last {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            text.extend([before, corner, &branch.label, "\n"]);
            branch.draw_branches(&format!("{before}{below}"), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_hang_from_their_line() {
        let tree = Tree::new("a")
            .with(Tree::pair("b", "1\n└── false").with(Tree::new("c")))
            .with(Tree::new("d").with_all([Tree::new("e"), Tree::new("f")]));
        assert_eq!(
            tree.draw(),
            "a\n├── b: 1 └── false\n│   └── c\n└── d\n    ├── e\n    └── f\n"
        );
    }
}
