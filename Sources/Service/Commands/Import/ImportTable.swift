import Exchanges
import KeyFiles

/// What people read before they say yes: everything about a credential but the credential.
struct ImportTable {
    let text: String

    private static let titles = [
        "#", "exchange", "environment", "account", "label", "API key", "kind", "where", "verdict",
    ]

    init(_ entries: [ImportPlan.Entry]) {
        let rows = [Self.titles] + entries.map(Self.cells)
        let widths = Self.titles.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        text = rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    private static func cells(_ entry: ImportPlan.Entry) -> [String] {
        let found = entry.found
        let exchange = found.exchange?.rawValue ?? found.exchangeText
        let cells = [
            "\(entry.number)", exchange, entry.environment.rawValue, entry.account, entry.label,
            found.apiKeyHint, found.kind?.rawValue ?? "", "\(found.place)", "\(entry.verdict)",
        ]
        return cells.map { $0.isEmpty ? "-" : Printable.text($0) }
    }
}
