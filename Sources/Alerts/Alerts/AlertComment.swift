import Access
import JSON
import Kernel
import Postgres

/// What somebody said of an alert.
struct AlertComment {
    let id: AlertCommentID
    let at: Timestamp
    let author: String
    let text: String

    /// More is a conversation for another place.
    static let atMost = 1_000

    private static let insert = Statement(
        "alert_comment_insert",
        """
        insert into alert_comment (id, alert, at, author, body)
        select $1, $2, $3, $4, $5 where (select count(*) from alert_comment where alert = $2) < $6
        """)
    private static let list = Statement(
        "alert_comment_list",
        """
        select id, at, author, body from alert_comment
        where alert = $1 and ($2::uuid is null or id > $2) order by id limit $3
        """)

    /// False when there are too many already.
    nonisolated(nonsending) func insert(on alert: AlertID, in transaction: Transaction) async throws -> Bool {
        let done = try await transaction.query(
            Self.insert, .id(id), .id(alert), .timestamp(at), .text(author), .text(text),
            .int(Self.atMost))
        return done.affected == 1
    }

    /// Oldest first.
    nonisolated(nonsending) static func list(
        of alert: AlertID, after: AlertCommentID?, limit: Int, in source: any Queryable
    ) async throws -> [AlertComment] {
        try await source.query(list, .id(alert), .id(after), .int(limit)).map { row in
            AlertComment(id: row.id(0), at: row.timestamp(1), author: row.text(2), text: row.text(3))
        }
    }
}

extension AlertComment: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("at", at.description)
            w.field("author_id", author)
            w.field("text", text)
        }
    }
}
