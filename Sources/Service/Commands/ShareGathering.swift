import Crypto

/// Shares on their way to the key, each with a word about it.
struct ShareGathering {
    private var collector: ShareCollector
    private let fingerprint: String?

    init(fingerprint: String?) {
        collector = ShareCollector(fingerprint: fingerprint)
        self.fingerprint = fingerprint
    }

    /// From people, until the key is there; nil when they give up.
    mutating func ask(_ entry: borrowing HiddenEntry) throws -> RootKey? {
        while true {
            let progress = collector.progress
            let number = (progress?.have ?? 0) + 1
            let needed = progress.map { number <= $0.needed ? " of \($0.needed)" : "" } ?? ""
            let question = "Share \(number)\(needed) (not shown): "
            guard let reading = try entry.line(question, KeyShare.reading) else {
                Command.complain("keybell: ended before there was a key")
                return nil
            }
            if let key = take(reading, from: "") { return key }
        }
    }

    /// All that files hold; nil when it is not enough.
    mutating func takeAll(_ files: [(place: String, shares: [ShareFiles.Reading])]) -> RootKey? {
        for file in files {
            for (number, reading) in file.shares.enumerated() {
                let part = file.shares.count == 1 ? "" : ", entry \(number + 1)"
                if let key = take(reading, from: "\(file.place)\(part): ") { return key }
            }
        }
        Command.complain("keybell: \(shortfall)")
        return nil
    }

    private var shortfall: String {
        guard let progress = collector.progress else { return "no share was taken" }
        return progress.have < progress.needed
            ? "shares taken: \(progress.have), needed: \(progress.needed)"
            : "these shares do not give the key"
    }

    private mutating func take(_ reading: ShareFiles.Reading, from place: String) -> RootKey? {
        do throws(KeyShareError) {
            let share = try reading.get()
            return report(try collector.add(share), share, place)
        } catch {
            Command.complain("\(place)\(error)")
            return nil
        }
    }

    private func report(
        _ outcome: ShareCollector.Outcome, _ share: KeyShare, _ place: String
    ) -> RootKey? {
        switch outcome {
        case .waiting(let progress):
            Command.say("\(place)\(share): \(progress.have) of \(progress.needed)")
            return nil
        case .mismatched(let indices):
            Command.complain(
                """
                \(place)\(share): enough, but no key with the fingerprint \(fingerprint ?? "") comes out.
                One or more of the shares \(Self.list(indices)) is false, or the set is another key's.
                A further share may tell which.
                """)
            return nil
        case .combined(let key, let wrong):
            Command.say("\(place)\(share): enough")
            if !wrong.isEmpty { Command.complain("False, and not used: \(Self.list(wrong))") }
            return key
        }
    }

    private static func list(_ indices: [Int]) -> String {
        indices.sorted().map { "\($0)" }.joined(separator: ", ")
    }
}
