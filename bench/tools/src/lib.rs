//! What the program in the guest draws and the probe on the host reads: a frame's number as a pattern of squares.

/// Side of a square, pixels: large enough to survive a lossy encoder.
pub const CELL: u16 = 8;
/// Squares in a row and in a column.
pub const CELLS: u16 = 4;
/// Side of the whole pattern, pixels.
pub const SIDE: u16 = CELL * CELLS;
/// Numbers count up to this and begin again at 0.
pub const NUMBERS: u16 = 1 << 12;

/// The 16 squares of a frame's number, row by row from the lowest bit: 12 bits of the number, 4 bits that check it, so
/// that half of an old frame and half of a new one are no number.
pub fn squares(number: u16) -> u16 {
    let number = number % NUMBERS;
    let check = (number ^ (number >> 4) ^ (number >> 8) ^ 0b1010) & 15;
    number | (check << 12)
}

/// The number of these squares, or None where they are none.
pub fn number(read: u16) -> Option<u16> {
    let number = read % NUMBERS;
    (squares(number) == read).then_some(number)
}

/// How many frames lie between two numbers; a step of more than half of all numbers is one backwards.
pub fn step(from: u16, to: u16) -> Option<u16> {
    let step = (to + NUMBERS - from) % NUMBERS;
    (step > 0 && step < NUMBERS / 2).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written() {
        for written in 0..NUMBERS {
            assert_eq!(number(squares(written)), Some(written));
        }
    }

    #[test]
    fn one_wrong_square_is_no_number() {
        for written in 0..NUMBERS {
            for square in 0..16 {
                assert_eq!(number(squares(written) ^ (1 << square)), None);
            }
        }
    }

    #[test]
    fn steps_go_over_the_end_and_never_back() {
        assert_eq!(step(NUMBERS - 1, 1), Some(2));
        assert_eq!(step(5, 5), None);
        assert_eq!(step(5, 4), None);
    }
}
