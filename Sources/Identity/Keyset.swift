import HTTPServer
import JSON
import Kernel
import Postgres

/// What a list is sorted by, as `sort` says it. A leading `-` is downwards; ids break ties the same way.
protocol ListSort: CaseIterable, RawRepresentable<String>, Hashable {
    /// The sort key in SQL, never null.
    var expression: String { get }
    var isText: Bool { get }
}

extension ListSort {
    private var direction: String { rawValue.hasPrefix("-") ? "desc" : "asc" }

    /// The end of a list's statement, from the condition on: what comes after the key `$n` and the id `$n+1`,
    /// at most
    /// `$n+2` rows. Without a cursor all three see null.
    func tail(id: String, from n: Int) -> String {
        let comparison = direction == "desc" ? "<" : ">"
        let type = isText ? "text" : "timestamptz"
        return """
             and ($\(n)::\(type) is null
                or (\(expression), \(id)) \(comparison) ($\(n)::\(type), $\(n + 1)::uuid))
            order by \(expression) \(direction), \(id) \(direction) limit $\(n + 2)
            """
    }
}

/// The page that a request asks for.
struct PageRequest<Sort: ListSort> {
    /// The sort key of the last item of the page before.
    enum Key {
        case text(String)
        case time(Timestamp)
    }

    let sort: Sort
    let limit: Int
    private let after: (key: Key, id: UUID)?

    /// Takes `limit`, `cursor` and, unless the list has one order only, `sort`.
    init(_ parameters: inout Parameters, default fallback: Sort) {
        sort = Sort.allCases.count > 1 ? parameters.choice("sort", Sort.self) ?? fallback : fallback
        limit = parameters.limit()
        let cursor = parameters.cursor()
        after = cursor.flatMap { [sort] in Self.place($0, sort) }
        if cursor != nil, after == nil {
            parameters.fail(
                "cursor", code: "malformed", "must be the next_cursor of a page of this list and sort")
        }
    }

    private static func place(_ cursor: Cursor, _ sort: Sort) -> (key: Key, id: UUID)? {
        guard cursor.parts.count == 3, cursor.parts[0] == sort.rawValue, let id = UUID(cursor.parts[2]),
            !cursor.parts[1].utf8.contains(0)
        else { return nil }
        if sort.isText { return (.text(cursor.parts[1]), id) }
        guard let microseconds = Int64(cursor.parts[1]), abs(microseconds) < 1 << 58 else { return nil }
        return (.time(Timestamp(microseconds: microseconds)), id)
    }

    /// For the statement's tail; one row more than the page holds tells whether there is another one.
    var parameters: [Parameter] {
        var key: Parameter = sort.isText ? .text(nil) : .timestamp(nil)
        if let after {
            switch after.key {
            case .text(let text): key = .text(text)
            case .time(let time): key = .timestamp(time)
            }
        }
        return [key, .uuid(after?.id), .int(limit + 1)]
    }

    func cursor(at key: Key, _ id: UUID) -> Cursor {
        switch key {
        case .text(let text): Cursor([sort.rawValue, text, id.description])
        case .time(let time): Cursor([sort.rawValue, String(time.microseconds), id.description])
        }
    }

    /// The answer: at most `limit` of the items, and where the next page begins.
    func response<Item>(
        _ items: [Item], key: (Item) -> (Key, UUID), write: (inout JSONWriter, Item) -> Void
    ) -> Response {
        Response.object { w in
            w.array("data", items.prefix(limit)) { w, item in write(&w, item) }
            let last = items.count > limit ? items.prefix(limit).last : nil
            w.field("next_cursor", last.map { item in cursor(at: key(item).0, key(item).1).text })
        }
    }
}
