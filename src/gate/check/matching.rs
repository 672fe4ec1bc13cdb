//! Which signer fills which role: a greatest matching of a bipartite graph, so that the order of roles and signatures
//! decides nothing.

/// The role that each signer fills, so that as many roles as possible are filled; one signer fills one role at most,
/// and one role is filled by one signer.
///
/// `fits[role]` are the signers that fit that role. The result has the signer of each role.
pub(super) fn greatest(fits: &[Vec<usize>]) -> Vec<Option<usize>> {
    let signers = fits.iter().flatten().max().map_or(0, |last| last + 1);
    let mut role_of = vec![None; signers];
    for role in 0..fits.len() {
        let mut seen = vec![false; signers];
        place(role, fits, &mut seen, &mut role_of);
    }
    let mut signer_of = vec![None; fits.len()];
    for (signer, role) in role_of.iter().enumerate() {
        if let Some(place) = role.and_then(|role: usize| signer_of.get_mut(role)) {
            *place = Some(signer);
        }
    }
    signer_of
}

/// Finds a signer for `role`, whose own role another signer takes if need be.
fn place(
    role: usize,
    fits: &[Vec<usize>],
    seen: &mut [bool],
    role_of: &mut [Option<usize>],
) -> bool {
    for signer in fits.get(role).into_iter().flatten() {
        let Some(seen_before) = seen.get_mut(*signer) else {
            continue;
        };
        if std::mem::replace(seen_before, true) {
            continue;
        }
        let taken = role_of.get(*signer).copied().flatten();
        if taken.is_none_or(|other| place(other, fits, seen, role_of)) {
            if let Some(place) = role_of.get_mut(*signer) {
                *place = Some(role);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(fits: &[Vec<usize>]) -> usize {
        greatest(fits).iter().flatten().count()
    }

    #[test]
    fn a_signer_of_two_roles_leaves_one_to_who_fits_only_that() {
        // A (0) fits both roles, B (1) only the first.
        for fits in [vec![vec![0, 1], vec![0]], vec![vec![1, 0], vec![0]]] {
            assert_eq!(greatest(&fits), [Some(1), Some(0)]);
        }
    }

    #[test]
    fn one_signer_fills_one_role() {
        assert_eq!(filled(&[vec![0], vec![0]]), 1);
        assert_eq!(filled(&[vec![0, 1, 2]]), 1);
        assert_eq!(filled(&[vec![], vec![]]), 0);
        assert_eq!(filled(&[]), 0);
    }

    /// The greatest number of roles that can be filled, by trying everything.
    fn most(fits: &[Vec<usize>], used: &mut Vec<usize>) -> usize {
        let Some((first, rest)) = fits.split_first() else {
            return 0;
        };
        let mut best = most(rest, used);
        for signer in first {
            if !used.contains(signer) {
                used.push(*signer);
                best = best.max(1 + most(rest, used));
                used.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_assignment_fills_more(
            fits in prop::collection::vec(prop::collection::vec(0_usize..6, 0..6), 0..6)
        ) {
            let found = greatest(&fits);
            prop_assert_eq!(found.len(), fits.len());
            prop_assert_eq!(found.iter().flatten().count(), most(&fits, &mut Vec::new()));
            let mut used: Vec<_> = found.iter().flatten().collect();
            used.sort();
            used.dedup();
            prop_assert_eq!(used.len(), found.iter().flatten().count());
            for (role, signer) in found.iter().enumerate() {
                prop_assert!(signer.is_none_or(|signer| fits[role].contains(&signer)));
            }
        }
    }
}
