//! Keeps the few largest of many.

/// The largest so far, largest first.
#[derive(Debug)]
pub struct Worst<T> {
    most: usize,
    kept: Vec<(u64, T)>,
}

impl<T> Worst<T> {
    /// Keeps so many.
    pub fn new(most: usize) -> Worst<T> {
        Worst { most, kept: Vec::new() }
    }

    /// One more; `make` is only called where it is kept.
    pub fn offer(&mut self, size: u64, make: impl FnOnce() -> T) {
        let full = self.kept.len() >= self.most;
        if self.most == 0 || (full && self.kept.last().is_some_and(|(least, _)| *least >= size)) {
            return;
        }
        if full {
            self.kept.pop();
        }
        let at = self.kept.partition_point(|(larger, _)| *larger >= size);
        self.kept.insert(at, (size, make()));
    }

    /// What was kept, largest first.
    pub fn take(&mut self) -> Vec<(u64, T)> {
        std::mem::take(&mut self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_kept_in_order() {
        let mut worst = Worst::new(3);
        for n in [5, 1, 9, 7, 3, 9] {
            worst.offer(n, || n);
        }
        assert_eq!(worst.take(), [(9, 9), (9, 9), (7, 7)]);
        let mut none = Worst::new(0);
        none.offer(1, || ());
        assert!(none.take().is_empty());
    }
}
