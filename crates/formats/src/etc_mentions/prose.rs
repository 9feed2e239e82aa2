//! What is a text in a human language.

/// How many words of a human language a text has, at the least.
pub(super) fn natural_words(text: &[u8]) -> usize {
    let is_natural = |word: &&[u8]| {
        let marks = |byte: &u8| b".,:;!?'\"()\\n".contains(byte) && !byte.is_ascii_alphabetic();
        let start = word
            .iter()
            .position(|byte| !marks(byte))
            .unwrap_or(word.len());
        let end = word
            .iter()
            .rposition(|byte| !marks(byte))
            .map_or(start, |last| last + 1);
        let word = &word[start..end.max(start)];
        word.len() > 1
            && word[0].is_ascii_alphabetic()
            && word
                .iter()
                .all(|byte| byte.is_ascii_alphabetic() || b"'-".contains(byte))
    };
    let words = text.split(u8::is_ascii_whitespace);
    words.filter(is_natural).count()
}
