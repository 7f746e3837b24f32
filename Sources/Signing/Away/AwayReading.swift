import Access

/// A journal as it was found: whole, or the line from which on it is not ours.
struct AwayReading {
    struct Fault: Error, Equatable {
        /// From 1.
        let line: Int
        let reason: String
    }

    /// Nil when the node died before its first line was whole.
    private(set) var beginning: AwayBeginning?
    private(set) var uses: [AwayUse] = []
    private(set) var outcomes: [UsageID: AwayOutcome] = [:]
    private(set) var ending: AwayEnding?
    private var lines = 0

    /// - Parameter bytes: the file. A last line without its end is what a crash leaves: nothing of it left,
    ///   since it was never all on the disk.
    init(_ bytes: [UInt8], of journal: AwayJournalID, _ chain: AwayChain) throws(Fault) {
        var chain = chain
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines += 1
            guard let json = chain.read(rest[..<end]) else {
                throw fault("the line is not the one that was written there")
            }
            guard let entry = AwayEntry(json) else { throw fault("the line is not understood") }
            try take(entry, of: journal)
            rest = rest[(end + 1)...]
        }
    }

    private mutating func take(_ entry: AwayEntry, of journal: AwayJournalID) throws(Fault) {
        switch entry {
        case .began(let beginning):
            guard lines == 1, beginning.journal == journal else { throw fault("it begins another journal") }
            self.beginning = beginning
        case .use(let use): uses.append(use)
        case .outcome(let outcome): outcomes[outcome.usage] = outcome
        case .ended(let ending): self.ending = ending
        }
        guard beginning != nil else { throw fault("it does not begin with its beginning") }
    }

    private func fault(_ reason: String) -> Fault { Fault(line: lines, reason: reason) }
}
