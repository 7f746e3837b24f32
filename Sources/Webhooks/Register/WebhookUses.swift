package import Access
package import HTTPServer
package import Postgres

/// What names a webhook, and would tell nobody without it: known to the room above.
package struct WebhookUses: Sendable {
    package typealias Reader =
        nonisolated(nonsending) (WebhookID, Context, Transaction) async throws
        -> WebhookUses

    /// A sentence for people.
    private static let namedAtMost = 20

    /// Those that the caller may read, such as `rule "Margin is short"`.
    private let shown: [String]
    /// How many there are besides.
    private let others: Int

    package init(shown: [String] = [], others: Int = 0) { (self.shown, self.others) = (shown, others) }

    /// Nothing may be left that points at nobody.
    package func refuseAny() throws(Problem) {
        if shown.isEmpty, others == 0 { return }
        var parts = Array(shown.prefix(Self.namedAtMost))
        if shown.count > parts.count { parts.append("\(shown.count - parts.count) more") }
        if others > 0 { parts.append("\(others) that you may not read") }
        throw Problem(
            .conflict, "It is named by \(parts.joined(separator: ", ")): take it out of them first.")
    }
}
