/// Guesses what somebody meant to type.
package enum Suggestion {
    /// Longer names are no typing mistakes; bounds the work, which grows with the product of both lengths.
    private static let comparedBytesAtMost = 64

    /// The candidate that is nearest, if it is near enough: about one slip in three letters. Case does not
    /// count; the first of equally near ones wins.
    package static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let typed = Array(word.lowercased().utf8)
        guard (1...comparedBytesAtMost).contains(typed.count) else { return nil }
        var best: (candidate: String, distance: Int)?
        for candidate in candidates where candidate.utf8.count <= comparedBytesAtMost {
            let distance = editDistance(typed, Array(candidate.lowercased().utf8))
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, typed.count / 3) else { return nil }
        return best.candidate
    }

    /// `; did you mean "x"?` or nothing, to end a message with.
    static func hint(for word: String, among candidates: some Sequence<String>) -> String {
        closest(to: word, among: candidates).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other (optimal
    /// string alignment).
    static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in b.indices {
                var steps = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    steps = min(steps, beforePrevious[j - 1] + 1)
                }
                row.append(steps)
            }
            (beforePrevious, previous) = (previous, row)
        }
        return previous[b.count]
    }
}
