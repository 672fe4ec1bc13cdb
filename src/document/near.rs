//! Names that were probably meant.

/// The candidate that `name` was probably meant to be; `None` where none is near.
///
/// Near is the same but for letter case, or one edit in a name of up to five letters, or two in a longer one
/// (a swapped pair is one edit).
pub fn near_name<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let lower = name.to_lowercase();
    candidates
        .iter()
        .map(|candidate| {
            let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
            (distance, *candidate)
        })
        .filter(|(distance, candidate)| *distance <= if candidate.len() <= 5 { 1 } else { 2 })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let fields = ["name", "override", "verifyTimestamp"];
        assert_eq!(near_name("overide", &fields), Some("override"));
        assert_eq!(
            near_name("verifyTimeStamp", &fields),
            Some("verifyTimestamp")
        );
        assert_eq!(near_name("nmae", &fields), Some("name"));
        assert_eq!(near_name("comment", &fields), None);
    }
}
