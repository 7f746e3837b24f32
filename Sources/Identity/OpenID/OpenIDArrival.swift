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
    let refusals: Refusals
    let admit: Admission

    nonisolated(nonsending) func receive(
        _ token: IDToken, _ request: Request, _ context: Context
    ) async throws -> Response {
        let (id, isNew) = try await user(of: token, at: context.now)
        try await refusals.flush(logInsOf: id, at: context.now, in: ledger)
        var context = context
        context.actor.principal = PrincipalID(id)
        context.idempotency = nil
        return try await ledger.change(context) { change in
            // First of all, because groups may make and unmake owners.
            try await OwnerRoster.lock(in: change.transaction)
            if isNew { try await add(id, token, change) }
            let user = try await welcome(id, token, change)
            let match = GroupMatch(
                user: user, wanted: settings.leads(of: token.groups ?? []), ledger: ledger)
            try await match.run(change)
            let guest = OpenIDGuest(
                user: id, issuer: settings.issuer, provenAt: settings.provenAt(token, at: change.context.now),
                vouchedAt: token.authenticatedAt.map { min($0, change.context.now) })
            return try await admit(guest, request, change)
        }
    }

    /// Who it is: linked, or invited to this very address and not here yet. An address finds nobody else:
    /// where people choose their addresses at a provider, they would choose whom to be.
    private nonisolated(nonsending) func user(
        of token: IDToken, at now: Timestamp
    ) async throws -> (UserID, isNew: Bool) {
        let database = ledger.database
        if let user = try await OpenIDLinkStore.linked(to: token.subject, of: settings.issuer, in: database) {
            return (user, false)
        }
        guard let email = token.email, EmailText.mistake(in: email) == nil else {
            throw OpenIDRefusal.noVerifiedAddress
        }
        if let found = try await OpenIDLinkStore.user(by: email, at: now, in: database) {
            guard !found.isLinked else { throw OpenIDRefusal.addressOfAnother }
            guard settings.linksInvited, found.isInvited else { throw OpenIDRefusal.notLinked }
            return (found.user, false)
        }
        guard settings.createsUsers, !settings.leads(of: token.groups ?? []).isEmpty else {
            throw OpenIDRefusal.unknownPerson
        }
        return (ledger.newID(), true)
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
            guard user.status == .invited, !user.hasJoined else { throw OpenIDRefusal.notLinked }
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

/// Who was let in, and how well the provider knows that it is them.
struct OpenIDGuest: Sendable {
    let user: UserID
    let issuer: String
    /// When the provider saw a second factor that counts here; nil: it did not.
    let provenAt: Timestamp?
    /// When it last saw them log in; nil: it does not say.
    let vouchedAt: Timestamp?
}

/// Why somebody whom the provider vouches for is nobody here. For the log; they read one sentence for all.
enum OpenIDRefusal: Error, Equatable {
    case noVerifiedAddress
    case addressOfAnother
    /// There is such a user, who has to link the account while signed in.
    case notLinked
    case unknownPerson
    /// The session that sent the browser there has ended.
    case sessionOver
    /// Either of the two is linked to somebody else.
    case linkedElsewhere
    /// Not who is signed in, or without a factor that counts.
    case otherPerson
    case disabled(UserID)
}
