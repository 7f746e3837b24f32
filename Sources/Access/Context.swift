package import HTTPServer
import JSON
package import Kernel

/// Who acts: a principal through an access token or a session, or the installation itself (all nil).
package struct Actor: Equatable, Sendable {
    package var principal: PrincipalID?
    package var accessToken: AccessTokenID?
    /// Never together with an access token.
    package var session: SessionID?
    package var address: IPAddress?

    package init(
        principal: PrincipalID?, accessToken: AccessTokenID?, session: SessionID? = nil, address: IPAddress?
    ) {
        self.principal = principal
        self.accessToken = accessToken
        self.session = session
        self.address = address
    }

    /// Jobs and the service's own doings.
    package static let installation = Actor(principal: nil, accessToken: nil, address: nil)
}

/// What a handler knows of its request beyond the bytes: who, with what right, when, under which id.
package struct Context: Sendable {
    package var actor: Actor
    /// What the caller's grants give, narrowed by the access token's scopes.
    package var rights: Rights
    package var now: Timestamp
    package var requestID: String
    /// Set when the client sent an Idempotency-Key; `Ledger` keeps it with the effect.
    package var idempotency: IdempotencyClaim?
    /// W3C trace context of the caller, passed on to deliveries.
    package var traceParent: String?
    /// Set for operations that settle themselves: see `Endpoint.settlesItself`.
    package let authority: AuthorityCheck?
    /// Of the authority that was asked about before the operation began.
    package var settledEpoch: Int64?
    /// Set where `Ledger` compares for the operation what it was let in by.
    package var hold: AuthorityHold?

    /// When the request was let in, by the monotonic clock: what is worth something now only is not done
    /// late, whatever it waited for.
    package var begun: UInt64?

    /// They should have had a second factor by now, and may read only.
    package var owesFactor = false

    /// Set when this is what was approved, being carried out.
    package var approval: ApprovalID?

    /// Set when it is only tried, before somebody is asked to approve it.
    package var rehearsal: Rehearsal?

    /// Set when the person behind it showed a moment ago that they are there: see `needStepUp`.
    package var isConfirmed = false

    /// Whether it had its approvals, or is tried as if it had.
    package var isApproved: Bool { approval != nil || rehearsal != nil }

    /// At which the caller was let in, where that is known.
    package var epoch: Int64? { authority?.epoch ?? settledEpoch }

    /// What the caller may do whatever it is done to.
    package var permissions: Set<Permission> {
        get { rights.everywhere }
        set { rights = Rights(everywhere: newValue) }
    }

    package init(
        actor: Actor, rights: Rights, now: Timestamp, requestID: String,
        idempotency: IdempotencyClaim? = nil, traceParent: String? = nil, authority: AuthorityCheck? = nil
    ) {
        self.actor = actor
        self.rights = rights
        self.now = now
        self.requestID = requestID
        self.idempotency = idempotency
        self.traceParent = traceParent
        self.authority = authority
    }

    /// Of somebody who has the same permissions on everything.
    package init(actor: Actor, permissions: Set<Permission>, now: Timestamp, requestID: String) {
        self.init(actor: actor, rights: Rights(everywhere: permissions), now: now, requestID: requestID)
    }

    /// The context of a job.
    package static func installation(now: Timestamp, requestID: String) -> Context {
        Context(
            actor: .installation, permissions: Set(Permission.allCases), now: now, requestID: requestID)
    }

    /// Whatever it is done to.
    package func may(_ permission: Permission) -> Bool { rights.everywhere.contains(permission) }

    package func may(_ permission: Permission, on target: Target) -> Bool {
        rights.may(permission, on: target)
    }

    /// What a handler of a conditional step-up (`StepUp.whenItGives`) calls as soon as it knows that it is
    /// about to give something, and before that is kept. What was approved had its approvals instead.
    package func needStepUp() throws(StepUpWanted) {
        guard isConfirmed || isApproved else { throw StepUpWanted() }
    }

    /// For what an endpoint needs beyond its own permission; whoever owes a second factor is told so.
    package func require(_ permission: Permission) throws(Problem) {
        guard may(permission) else { throw .forbidden(missing: permission) }
        if owesFactor, !permission.onlyReads { throw .mfaRequired }
    }

    /// What a handler of a `.scoped` endpoint asks before it does or shows anything. Whoever may not even
    /// know of the thing is told that there is none.
    package func require(_ permission: Permission, on target: Target) throws(Problem) {
        if may(permission, on: target) { return }
        if let noun = target.noun, !may(target.readPermission, on: target) { throw .notFound(noun) }
        throw .forbidden(missing: permission)
    }
}

/// How far `Ledger` lets go what is only tried.
package enum Rehearsal: Sendable {
    /// Until its first transaction would begin.
    case form
    /// Through its first transaction, which is undone.
    case whole
}

extension Problem {
    package static func forbidden(missing permission: Permission) -> Problem {
        Problem(
            .forbidden, "This needs the permission \(permission.rawValue).",
            members: [("missing_permission", .string(permission.rawValue))])
    }

    package static var mfaRequired: Problem {
        Problem(
            .mfaRequired,
            "Everybody who may do more than read needs a second factor: add one at /v1/me/factors.")
    }

    /// Unknown and forbidden look alike.
    package static func notFound(_ what: String) -> Problem {
        Problem(.notFound, "There is no such \(what).")
    }
}

/// A request's claim to be made at most once: its row goes into the effect's own transaction.
package struct IdempotencyClaim: Equatable, Sendable {
    package let method: String
    package let path: String
    package let key: String
    /// SHA-256 of the body.
    package let bodyDigest: [UInt8]

    package init(method: String, path: String, key: String, bodyDigest: [UInt8]) {
        self.method = method
        self.path = path
        self.key = key
        self.bodyDigest = bodyDigest
    }
}

/// An operation of this product: what it demands, and a handler that knows its caller.
package typealias Operation = Endpoint<Requirement, Context>
