//! Pages of lists.

/// Cuts `found` to a page of `limit`, and names what leads to the one that follows. Whoever asks for a page asks for one
/// more than it holds: that one says whether there is another.
pub(crate) fn cut<T, C>(
    mut found: Vec<T>,
    limit: u32,
    cursor: impl FnOnce(&T) -> C,
) -> (Vec<T>, Option<C>) {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(cursor);
    (found, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_a_page_holds_leads_to_the_next() {
        let page = |found: &[u8]| cut(found.to_vec(), 2, |last| *last);
        assert_eq!(page(&[]), (vec![], None));
        assert_eq!(page(&[7, 8]), (vec![7, 8], None));
        assert_eq!(page(&[7, 8, 9]), (vec![7, 8], Some(8)));
    }
}
