import Access
import JSON
import Kernel

/// Tokens that somebody keeps an eye on, and who else sees or changes the list.
struct Watchlist: Sendable {
    /// Tokens of one list, so that what is filtered by it stays one statement.
    static let mostTokens = 500
    /// Lists of one owner.
    static let mostOfOwner = 200
    static let mostShares = 50

    /// What somebody may do with it, as `watchlist_access` of the database says.
    enum Access: Int, Comparable, Sendable {
        case none, read, write, owner

        static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    let id: WatchlistID
    let owner: PrincipalID
    var name: String
    var description: String?
    var tokens: [Entry]
    var shares: [WatchlistShare]
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var revision: Int64

    struct Entry: Equatable, Sendable {
        let token: TokenID
        let symbol: String
    }
}

/// Who else sees a list, or changes it.
struct WatchlistShare: Equatable, Sendable {
    enum Holder: Hashable, Sendable, CustomStringConvertible {
        private static let deskText = "desk"

        /// Everybody who may read watchlists.
        case desk
        case principal(PrincipalID)
        case group(GroupID)

        init?(_ text: String) {
            if text == Self.deskText {
                self = .desk
            } else if let principal = PrincipalID(text) {
                self = .principal(principal)
            } else if let group = GroupID(text) {
                self = .group(group)
            } else {
                return nil
            }
        }

        var description: String {
            switch self {
            case .desk: Self.deskText
            case .principal(let id): id.description
            case .group(let id): id.description
            }
        }

        var uuid: UUID? {
            switch self {
            case .desk: nil
            case .principal(let id): id.uuid
            case .group(let id): id.uuid
            }
        }
    }

    enum Right: String, FieldChoice, Sendable {
        case read, write
    }

    let holder: Holder
    let right: Right
}

extension Watchlist {
    /// What the trail has.
    var detail: JSONValue {
        [
            "name": .string(name), "tokens": .number(JSONNumber(tokens.count)),
            "shared_with": .array(shares.map { .string("\($0.holder) \($0.right.rawValue)") }),
        ]
    }
}

extension Watchlist: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("name", name)
            w.field("description", description)
            w.array("tokens", tokens) { w, entry in
                w.object { w in
                    w.field("token_id", entry.token.description)
                    w.field("symbol", entry.symbol)
                }
            }
            w.array("shared_with", shares) { w, share in
                w.object { w in
                    w.field("with", share.holder.description)
                    w.field("access", share.right.rawValue)
                }
            }
            w.field("owner_id", owner.description)
            w.field("created_at", createdAt.description)
            w.field("updated_at", updatedAt.description)
            w.field("revision", revision)
        }
    }
}
