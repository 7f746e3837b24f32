import Access
import HTTPServer
import Kernel
import Postgres

enum PrincipalSort: String, ListSort {
    case newest = "-created_at"
    case oldest = "created_at"
    case name
    case nameDown = "-name"

    var isText: Bool { self == .name || self == .nameDown }
    var expression: String { isText ? "p.name_folded" : "p.created_at" }
}

/// A page of principals of one kind.
struct PrincipalList {
    var status: PrincipalStatus?
    var query: String?
    var role: BuiltInRole?
    var owner: UUID?
    let page: PageRequest<PrincipalSort>

    static let statements = Dictionary(
        uniqueKeysWithValues: PrincipalSort.allCases.map { sort in
            (
                sort,
                Statement(
                    "principal_list",
                    derived: """
                        select \(PrincipalStore.columns) from principal p
                        where p.kind = $1 and ($2::text is null or p.status = $2)
                            and ($3::text is null or strpos(p.name_folded, normalize($3::text, NFC)) > 0)
                            and ($4::text is null or exists (
                                select from access_grant g where g.principal = p.id and g.role = $4 and g.effect = 'allow'))
                            and ($5::uuid is null or p.owner = $5)
                        """ + sort.tail(id: "p.id", from: 6))
            )
        })

    nonisolated(nonsending) func response(_ kind: PrincipalID.Kind, in database: any Queryable) async throws
        -> Response
    {
        guard let statement = Self.statements[page.sort] else {
            preconditionFailure("a sort without a statement")
        }
        let filters: [Parameter] = [
            .text(kind.rawValue), .text(status?.rawValue), .text(query?.lowercased()), .text(role?.rawValue),
            .uuid(owner),
        ]
        let rows = try await database.query(statement, parameters: filters + page.parameters)
        let items = rows.compactMap { row in Principal(row).map { ($0, row.text(14)) } }
        return page.response(items) { item in
            (page.sort.isText ? .text(item.1) : .time(item.0.createdAt), item.0.id.uuid)
        } write: { w, item in
            item.0.write(to: &w)
        }
    }
}
