import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// What becomes of somebody whom the provider vouches for: whom they are here, what their groups give them,
/// and a session, all in one transaction.
struct OpenIDArrival {
    /// Opens a session, or asks for a factor of ours first.
    typealias Admission =
        nonisolated(nonsending) (OpenIDGuest, Request, Change) async throws -> Response

    let settings: OpenIDSettings
    let ledger: Ledger
    let admit: Admission

    nonisolated(nonsending) func receive(
        _ token: IDToken, _ request: Request, _ context: Context
    ) async throws -> Response {
        let (id, isNew) = try await user(of: token)
        var context = context
        context.actor.principal = PrincipalID(id)
        context.idempotency = nil
        return try await ledger.change(context) { change in
            // First of all, because groups may make and unmake owners.
            try await OwnerRoster.lock(in: change.transaction)
            if isNew { try await add(id, token, change) }
            let user = try await welcome(id, token, change)
            try await match(user, to: token.groups, change)
            let guest = OpenIDGuest(user: id, isStrong: settings.countsAsFactor(token))
            return try await admit(guest, request, change)
        }
    }

    /// Who it is, or may become: linked, or of the same verified address.
    private nonisolated(nonsending) func user(of token: IDToken) async throws -> (UserID, isNew: Bool) {
        let database = ledger.database
        if let user = try await OpenIDLinkStore.linked(to: token.subject, of: settings.issuer, in: database) {
            return (user, false)
        }
        guard let email = token.email, Self.isAddress(email) else { throw OpenIDRefusal.noVerifiedAddress }
        if let found = try await OpenIDLinkStore.user(by: email, in: database) {
            guard !found.isLinked else { throw OpenIDRefusal.addressOfAnother }
            return (found.user, false)
        }
        guard settings.createsUsers, !settings.roles(of: token.groups).isEmpty else {
            throw OpenIDRefusal.unknownPerson
        }
        return (ledger.newID(), true)
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return text.utf8.count <= 254 && parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0.value > 32 }
            }
    }

    private nonisolated(nonsending) func add(
        _ id: UserID, _ token: IDToken, _ change: Change
    ) async throws {
        let email = token.email ?? ""
        let user = Principal(
            id: PrincipalID(id), name: Self.name(token.name) ?? email, email: email, status: .invited,
            createdAt: change.context.now, updatedAt: change.context.now, revision: 1, hasJoined: false,
            roles: [])
        _ = try await change.add(user, role: nil, grant: ledger.newID())
    }

    /// As a record may carry it.
    private static func name(_ text: String?) -> String? {
        guard let text else { return nil }
        let clean = String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }))
        let name = String(clean.prefix(100))
        return name.unicodeScalars.allSatisfy(\.properties.isWhitespace) ? nil : name
    }

    /// The user under lock, linked, and active.
    private nonisolated(nonsending) func welcome(
        _ id: UserID, _ token: IDToken, _ change: Change
    ) async throws -> Principal {
        let (now, transaction) = (change.context.now, change.transaction)
        var user = try await PrincipalStore.locked(PrincipalID(id), in: transaction)
        guard user.status != .disabled else { throw OpenIDRefusal.disabled(id) }
        let isLinked = try await OpenIDLinkStore.isLinked(
            id, to: token.subject, of: settings.issuer, in: transaction)
        if !isLinked {
            let isDone = try await OpenIDLinkStore.link(
                id, to: token.subject, of: settings.issuer, at: now, in: transaction)
            guard isDone else { throw OpenIDRefusal.addressOfAnother }
            change.audit("users.link", user.id, detail: ["issuer": .string(settings.issuer)])
        }
        guard user.status == .invited else { return user }
        try await Invitation.void(of: id, at: now, in: transaction)
        (user.status, user.hasJoined) = (.active, true)
        user = try await PrincipalStore.update(user, at: now, in: transaction)
        change.audit("users.join", user.id)
        change.touch(.principal(user.id))
        change.emit(NewEvent(.userJoined, subject: user.id, data: user.eventData([("via", "openid")])))
        return user
    }
}

extension OpenIDArrival {
    /// Grants that came from groups become those that the groups lead to now. Those that somebody made by
    /// hand stay as they are, and where one gives the role already none is added.
    private nonisolated(nonsending) func match(
        _ user: Principal, to groups: [String], _ change: Change
    ) async throws {
        let wanted = settings.roles(of: groups)
        let held = try await OpenIDLinkStore.grants(of: UserID(user.id.uuid), in: change.transaction)
        for (grant, group) in held where !wanted.contains(where: { $0.role.rawValue == grant.role }) {
            guard try await mayGo(grant, of: group, change) else { continue }
            try await change.remove(grant)
        }
        for (role, group) in wanted where !user.roles.contains(role) {
            let grant = Grant(
                id: ledger.newID(), grantee: .principal(user.id), role: role.rawValue,
                createdAt: change.context.now, createdBy: nil)
            try await change.add(grant)
            try await OpenIDLinkStore.mark(grant, of: group, in: change.transaction)
        }
    }

    /// The last owner stays one, whatever their groups are: tried, and undone.
    private nonisolated(nonsending) func mayGo(
        _ grant: Grant, of group: String, _ change: Change
    ) async throws -> Bool {
        guard grant.role == BuiltInRole.owner.rawValue else { return true }
        let transaction = change.transaction
        _ = try await GrantStore.delete(grant.id, in: transaction)
        let isFine = try await OwnerRoster.hasSomebody(in: transaction)
        try await GrantStore.insert(grant, at: change.context.now, in: transaction)
        try await OpenIDLinkStore.mark(grant, of: group, in: transaction)
        return isFine
    }
}

/// Who was let in, and how well the provider knows that it is them.
struct OpenIDGuest: Sendable {
    let user: UserID
    /// The provider asked for a second factor that counts here.
    let isStrong: Bool
}

/// Why somebody whom the provider vouches for is nobody here. For the log; they read one sentence for all.
enum OpenIDRefusal: Error, Equatable {
    case noVerifiedAddress
    case addressOfAnother
    case unknownPerson
    case disabled(UserID)
}
