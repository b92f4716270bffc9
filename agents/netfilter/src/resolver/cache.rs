//! Answers of one VM: no other one sees them.

use super::answer::Answer;
use hickory_proto::rr::RecordType;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const MAX_ANSWERS: usize = 2_000;

#[derive(Debug, Default)]
pub struct Cache {
    answers: HashMap<(String, RecordType), (Answer, Instant)>,
}

impl Cache {
    /// With what is left of its lifetime, in seconds: at least one.
    pub fn get(&self, name: &str, kind: RecordType, now: Instant) -> Option<(&Answer, u32)> {
        let (answer, until) = self.answers.get(&(name.to_owned(), kind))?;
        let left = until.checked_duration_since(now)?.as_secs();
        (left > 0).then(|| (answer, u32::try_from(left).unwrap_or(u32::MAX)))
    }

    pub fn put(&mut self, name: &str, kind: RecordType, answer: Answer, now: Instant) {
        if self.answers.len() >= MAX_ANSWERS {
            self.answers.retain(|_, (_, until)| *until > now);
        }
        if self.answers.len() >= MAX_ANSWERS {
            let first = self.answers.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| key.clone());
            first.map(|key| self.answers.remove(&key));
        }
        let until = now + Duration::from_secs(answer.ttl_s.into());
        self.answers.insert((name.to_owned(), kind), (answer, until));
    }

    pub fn clear(&mut self) {
        self.answers.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use hickory_proto::op::ResponseCode;

    fn answer(ttl_s: u32) -> Answer {
        Answer { ttl_s, ..Answer::error(ResponseCode::NoError) }
    }

    #[test]
    fn an_answer_ends_with_its_lifetime() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        cache.put("a.example", RecordType::A, answer(60), start);
        let left = |cache: &Cache, after| {
            cache.get("a.example", RecordType::A, start + Duration::from_secs(after)).map(|(_, left)| left)
        };
        assert_eq!((left(&cache, 0), left(&cache, 59), left(&cache, 60)), (Some(60), Some(1), None));
        assert!(cache.get("a.example", RecordType::AAAA, start).is_none());
    }

    #[test]
    fn the_one_that_ends_first_makes_room() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        for number in 0..=MAX_ANSWERS {
            let ttl_s = 60 + u32::try_from(number).unwrap();
            cache.put(&format!("{number}.example"), RecordType::A, answer(ttl_s), start);
        }
        assert_eq!(cache.answers.len(), MAX_ANSWERS);
        assert!(cache.get("0.example", RecordType::A, start).is_none());
    }
}
