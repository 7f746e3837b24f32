/// What one maker counts.
enum Measure {
    /// No maker counts a text longer than by its UTF-16 units, except those that count bytes.
    case units
    case bytes

    func length(_ text: String) -> Int { self == .units ? text.utf16.count : text.utf8.count }
}

extension String {
    /// Ends a text that was cut.
    static let cutMark = "… (cut)"

    /// As much of it, escaped, as fits, and a mark where it was cut. Characters stay whole and so do their
    /// escapes.
    func fitting(
        _ limit: Int, _ measure: Measure = .units, escape: (Character) -> String = { String($0) }
    ) -> String {
        var (all, kept, length) = ("", "", 0)
        let room = limit - measure.length(Self.cutMark)
        for character in self {
            let written = escape(character)
            length += measure.length(written)
            if length > limit { return kept + Self.cutMark }
            all += written
            if length <= room { kept = all }
        }
        return all
    }
}
