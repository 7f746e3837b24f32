import Access
import HTTPServer
import Kernel
import Postgres

enum SessionSort: String, ListSort {
    case newest = "-created_at"

    var isText: Bool { false }
    var expression: String { "s.created_at" }
}

/// A page of a user's sessions that have not ended.
struct SessionList {
    let user: UserID
    let page: PageRequest<SessionSort>

    static let statement = Statement(
        "session_list",
        derived: """
            select \(SessionStore.columns) from \(SessionStore.source)
            where s.principal = $1 and s.ended_at is null
                and least(s.created_at + i.session_lifetime, s.last_used_at + i.session_idle) > $2
            """ + SessionSort.newest.tail(id: "s.id", from: 3))

    nonisolated(nonsending) func response(to caller: Context, in database: any Queryable) async throws
        -> Response
    {
        let filters: [Parameter] = [.id(user), .timestamp(caller.now)]
        let rows = try await database.query(Self.statement, parameters: filters + page.parameters)
        return page.response(rows.map { Session($0) }) { session in
            (.time(session.createdAt), session.id.uuid)
        } write: { w, session in
            session.write(to: &w, for: caller.actor)
        }
    }
}
