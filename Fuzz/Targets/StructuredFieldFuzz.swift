import Identity

extension FuzzTarget {
    /// What is read of `Signature-Input` and its like is written in one form, which reads the same.
    static let structuredField = FuzzTarget(name: "StructuredField") { input throws(Finding) in
        guard let text = written(input) else { return }
        try require(written(Array(text.utf8)) == text, "a field is another after being written")
        try require(text.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "a field holds what none may")
    }

    private static func written(_ text: [UInt8]) -> String? {
        guard let members = try? StructuredReader.dictionary(text) else { return nil }
        return members.map { member in
            switch member.value {
            case .element(let element): "\(member.name)=\(element.text)"
            case .list(let list): "\(member.name)=\(list.text)"
            }
        }.joined(separator: ", ")
    }
}
