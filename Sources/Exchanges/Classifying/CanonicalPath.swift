/// Paths that have one spelling: whatever a server decodes, folds or shortens is refused before it is looked
/// up, so that `/api/v3/%6frder` and `/api/v3//order` are no way around a table. `RequestDraft` refuses the
/// coarser of them already.
enum CanonicalPath {
    static func check(_ path: String) throws(MeaningProblem) {
        guard path.utf8.contains(where: { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "%") }) else {
            return
        }
        for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            try check(segment)
        }
    }

    private static func check(_ segment: Substring) throws(MeaningProblem) {
        // No exchange has parameters inside a path; servers do.
        guard !segment.utf8.contains(UInt8(ascii: ";")) else {
            throw MeaningProblem(.path, nil, "holds a semicolon")
        }
        guard segment.utf8.contains(UInt8(ascii: "%")) else { return }
        guard let decoded = PercentEncoding.decode(segment), !decoded.utf8.contains(UInt8(ascii: "%")) else {
            throw MeaningProblem(.path, nil, "is encoded twice")
        }
        guard PercentEncoding.encode(decoded).utf8.elementsEqual(segment.utf8) else {
            throw MeaningProblem(.path, nil, "is not written in the shortest way")
        }
    }

    /// What may stand for an id or a name in a path: nothing that any server gives a meaning to.
    static func isName(_ segment: Substring) -> Bool {
        segment.utf8.count <= 128 && !segment.isEmpty && segment.utf8.allSatisfy { $0.isOfName }
    }
}

extension UInt8 {
    /// Letters, digits, `-`, `_`, `.`, `~`, `:`.
    var isOfName: Bool {
        PercentEncoding.isUnreserved(self) || self == UInt8(ascii: ":")
    }
}
