/// Many messages in one: what there was, how often, and where to look.
package struct Digest: Sendable {
    package struct Entry: Sendable {
        package let headline: String
        package let text: String
        package let severity: Notice.Severity?
        package fileprivate(set) var count: Int
        /// Of the latest of them.
        package fileprivate(set) var link: String?

        /// One line of a list.
        var line: String {
            let times = count > 1 ? "\(count) × " : ""
            return times + (text.isEmpty ? headline : "\(headline): \(text)")
        }
    }

    /// Entries that are written out; the rest is counted.
    static let entryLimit = 20
    /// Messages in one digest: to read that many bodies takes a few milliseconds.
    package static let messageLimit = 200

    package let id: String
    /// Of the latest message.
    package let time: String
    package let count: Int
    /// The gravest first, then in the order in which they came.
    package let entries: [Entry]

    /// - Parameter notices: at least one, oldest first.
    package init?(_ notices: [Notice]) {
        guard let first = notices.first, let last = notices.last else { return nil }
        (id, time, count) = (first.id, last.time, notices.count)
        var entries: [Entry] = []
        var places: [String: Int] = [:]
        for notice in notices {
            let text = Self.text(of: notice)
            let name = "\(notice.headline)\n\(text)"
            if let place = places[name] {
                entries[place].count += 1
                entries[place].link = notice.link ?? entries[place].link
                continue
            }
            places[name] = entries.count
            entries.append(
                Entry(
                    headline: notice.headline, text: text,
                    severity: notice.isNews ? notice.severity : nil, count: 1, link: notice.link))
        }
        self.entries = Self.gravestFirst(entries)
    }

    /// Where no sentence says what happened, the first facts do.
    private static func text(of notice: Notice) -> String {
        if !notice.text.isEmpty { return notice.text }
        return notice.facts.prefix(3).map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    }

    /// Equal ones keep their order.
    private static func gravestFirst(_ entries: [Entry]) -> [Entry] {
        let severities: [Notice.Severity?] = [.critical, .warning, .info, nil]
        return severities.flatMap { severity in entries.filter { $0.severity == severity } }
    }

    var title: String {
        let isGrave = entries.first?.severity == .critical
        return "\(count) messages in one\(isGrave ? ", critical ones among them" : "")"
    }

    var written: ArraySlice<Entry> { entries.prefix(Self.entryLimit) }

    /// Says what is not written out.
    func rest(after written: Int) -> String? {
        let left = entries.dropFirst(written)
        if left.isEmpty { return nil }
        return "and \(left.reduce(0) { $0 + $1.count }) more, which Keybell lists under alerts and events"
    }
}
