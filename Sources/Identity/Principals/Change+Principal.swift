import Access
import Events
import HTTPServer
import JSON
import Kernel

/// Changes of a principal's record that users and service accounts share.
extension Change {
    /// Stores what `edit` changed; no change is no change, and no event.
    nonisolated(nonsending) func edit(
        _ id: PrincipalID, _ request: Request, _ edit: (inout Principal) -> Void
    ) async throws -> Principal {
        let before = try await PrincipalStore.locked(id, in: transaction)
        try GrantRules.checkTouching(before, by: context)
        try request.match(revision: before.revision, required: true)
        var after = before
        edit(&after)
        let changed = after.differences(from: before)
        if changed.isEmpty { return before }
        let stored = try await PrincipalStore.update(after, at: context.now, in: transaction)
        let names = JSONValue.array(changed.map { .string($0) })
        audit(isUser(id) ? "users.change" : "service_accounts.change", id, detail: ["changed": names])
        emit(
            NewEvent(
                isUser(id) ? .userChanged : .serviceAccountChanged, subject: id,
                data: stored.eventData([("changed", names)])))
        return stored
    }

    /// Disabling it again changes nothing.
    nonisolated(nonsending) func disable(
        _ id: PrincipalID, _ request: Request, reason: String?
    ) async throws -> Principal {
        try await setStatus(of: id, request, reason: reason, unless: { $0.status == .disabled }) {
            principal in
            principal.status = .disabled
            principal.disabledAt = context.now
            principal.disableReason = reason
        }
    }

    /// A user who never accepted is invited again, not active.
    nonisolated(nonsending) func enable(
        _ id: PrincipalID, _ request: Request, reason: String?
    ) async throws -> Principal {
        try await setStatus(of: id, request, reason: reason, unless: { $0.status != .disabled }) {
            principal in
            principal.status = principal.hasJoined ? .active : .invited
            principal.disabledAt = nil
            principal.disableReason = nil
            // What has lapsed would be refused at once again.
            if id.kind == .serviceAccount, let end = principal.expiresAt, end <= context.now {
                principal.expiresAt = context.now + ServiceAccountEnd.lifetime
            }
        }
    }

    private nonisolated(nonsending) func setStatus(
        of id: PrincipalID, _ request: Request, reason: String?, unless isSo: (Principal) -> Bool,
        _ set: (inout Principal) -> Void
    ) async throws -> Principal {
        try await OwnerRoster.lock(in: transaction)
        var principal = try await PrincipalStore.locked(id, in: transaction)
        try GrantRules.checkTouching(principal, by: context)
        try request.match(revision: principal.revision, required: false)
        if isSo(principal) { return principal }
        if principal.status == .disabled { try await checkGivingBack(to: principal) }
        set(&principal)
        let stored = try await PrincipalStore.update(principal, at: context.now, in: transaction)
        if stored.isOwner { try await OwnerRoster.checkSomebodyStays(in: transaction) }
        touch(.principal(id))
        // Enabling brings none of them back.
        if stored.status == .disabled, id.kind == .user {
            try await endSessions(of: UserID(id.uuid), reason: "user_disabled")
        }
        noteStatus(stored, reason: JSONValue(reason))
        return stored
    }

    func noteStatus(_ stored: Principal, reason: JSONValue) {
        let isDisabled = stored.status == .disabled
        let area = isUser(stored.id) ? "users" : "service_accounts"
        audit("\(area).\(isDisabled ? "disable" : "enable")", stored.id, detail: ["reason": reason])
        let type: EventType =
            switch (isUser(stored.id), isDisabled) {
            case (true, true): .userDisabled
            case (true, false): .userEnabled
            case (false, true): .serviceAccountDisabled
            case (false, false): .serviceAccountEnabled
            }
        emit(NewEvent(type, subject: stored.id, data: stored.eventData([("reason", reason)])))
    }

    private func isUser(_ id: PrincipalID) -> Bool { id.kind == .user }
}

extension Principal {
    /// The names of the fields that differ, as the contract has them.
    fileprivate func differences(from before: Principal) -> [String] {
        [
            name == before.name ? nil : "name", email == before.email ? nil : "email",
            purpose == before.purpose ? nil : "purpose", owner == before.owner ? nil : "owner_id",
            expiresAt == before.expiresAt ? nil : "expires_at",
        ].compactMap { $0 }
    }
}
