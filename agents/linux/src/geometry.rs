//! Rectangles of programs as rectangles of the wire, which has bounds that programs do not know.

use atoll_wire::Rect;
use atoll_wire::limits::{MAX_COORDINATE, MAX_SIDE_PX};
use smithay::utils::{Logical, Rectangle};

/// The nearest rectangle that the wire has: for a popup, which is shown wherever its program wants it.
pub fn clamp_rect(rect: Rectangle<i32, Logical>) -> Rect {
    let side = |side: i32| u32::try_from(side).unwrap_or(1).clamp(1, MAX_SIDE_PX);
    let (x, y) = (clamp_coordinate(rect.loc.x), clamp_coordinate(rect.loc.y));
    Rect { x, y, width: side(rect.size.w), height: side(rect.size.h) }
}

/// The same rectangle, or None where the wire does not have it: for a window geometry, which can be done without.
pub fn check_rect(rect: Rectangle<i32, Logical>) -> Option<Rect> {
    let clamped = clamp_rect(rect);
    let is_same = (clamped.x, clamped.y) == (rect.loc.x, rect.loc.y)
        && u32::try_from(rect.size.w) == Ok(clamped.width)
        && u32::try_from(rect.size.h) == Ok(clamped.height);
    is_same.then_some(clamped)
}

/// The nearest position that the wire has.
pub fn clamp_coordinate(value: i32) -> i32 {
    value.clamp(-MAX_COORDINATE, MAX_COORDINATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: i32, y: i32, width: i32, height: i32) -> Rectangle<i32, Logical> {
        Rectangle::new((x, y).into(), (width, height).into())
    }

    #[test]
    fn what_the_wire_has_stays_as_it_is() {
        let side = MAX_SIDE_PX as i32;
        for (x, y, width, height) in [(0, 0, 1, 1), (-MAX_COORDINATE, MAX_COORDINATE, side, side)] {
            let same = Rect { x, y, width: width as u32, height: height as u32 };
            assert_eq!(clamp_rect(rect(x, y, width, height)), same);
            assert_eq!(check_rect(rect(x, y, width, height)), Some(same));
        }
    }

    #[test]
    fn what_it_does_not_have_is_clamped_or_refused() {
        let side = MAX_SIDE_PX as i32;
        for outside in [
            rect(MAX_COORDINATE + 1, 0, 1, 1),
            rect(0, -MAX_COORDINATE - 1, 1, 1),
            rect(i32::MIN, i32::MAX, 1, 1),
            rect(0, 0, side + 1, 1),
            rect(0, 0, 1, i32::MAX),
        ] {
            let clamped = clamp_rect(outside);
            assert!(clamped.x.abs() <= MAX_COORDINATE && clamped.y.abs() <= MAX_COORDINATE, "{clamped:?}");
            assert!(clamped.width <= MAX_SIDE_PX && clamped.height <= MAX_SIDE_PX, "{clamped:?}");
            assert_eq!(check_rect(outside), None);
        }
    }
}
