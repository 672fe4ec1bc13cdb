//! The pages of a list, of which there is an end.

/// The pages of a list that AWS gives one by one, as far as they are read.
#[derive(Debug)]
pub(crate) struct Pages {
    most: usize,
    read: usize,
    /// The token of the next page; `None` for the first.
    token: Option<String>,
    is_over: bool,
}

impl Pages {
    /// The pages of a list of which `most` are read.
    pub(crate) const fn at_most(most: usize) -> Self {
        Self {
            most,
            read: 0,
            token: None,
            is_over: false,
        }
    }

    /// Whether there is another page that is read.
    pub(crate) const fn has_next(&self) -> bool {
        !self.is_over && self.read < self.most
    }

    /// The token of the next page; the first has none.
    pub(crate) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Goes on to the page that `token` names.
    ///
    /// # Errors
    ///
    /// What is wrong with the answer, if that is the page that was just read.
    pub(crate) fn turn(&mut self, token: Option<&str>) -> Result<(), String> {
        self.read += 1;
        let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_some() && self.token == token {
            return Err("its next page is the same one".to_owned());
        }
        self.is_over = token.is_none();
        self.token = token;
        Ok(())
    }

    /// Whether no page was left out.
    pub(crate) const fn is_complete(&self) -> bool {
        self.is_over || self.read < self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end() {
        let mut pages = Pages::at_most(2);
        assert_eq!((pages.has_next(), pages.token()), (true, None));
        pages.turn(Some("a")).unwrap();
        assert_eq!(
            (pages.has_next(), pages.token()),
            (true, Some("a".to_owned()))
        );
        let problem = pages.turn(Some("a")).unwrap_err();
        assert_eq!(problem, "its next page is the same one");
        pages.turn(None).unwrap();
        assert_eq!((pages.has_next(), pages.is_complete()), (false, true));
        let mut pages = Pages::at_most(2);
        for number in 0..2 {
            assert!(pages.has_next());
            pages.turn(Some(&number.to_string())).unwrap();
        }
        assert_eq!((pages.has_next(), pages.is_complete()), (false, false));
    }
}
