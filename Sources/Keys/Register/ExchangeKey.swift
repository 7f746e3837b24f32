package import Access
package import Exchanges
package import Kernel

/// The record of one API key at an exchange.
package struct ExchangeKey: Sendable {
    package let id: ExchangeKeyID
    package let exchange: ExchangeName
    package let account: String
    package var label: String
    package let environment: Environment
    package var owner: PrincipalID
    package var tags: [String]
    /// What it may do there, as declared.
    package var permissions: [KeyPermission]
    /// Addresses that the exchange restricts it to, as declared; empty is no restriction.
    package var addresses: [CIDR]
    /// Follows from the next two and the standing orders.
    package private(set) var status: KeyStatus = .active
    /// What was asked of this key itself.
    package private(set) var ownMode: KeyMode = .active
    package private(set) var ownReason: String?
    /// Its credential was not probed yet, or has risks that nobody accepted.
    package private(set) var isQuarantined = false
    /// Of the key's own mode, or of the order that is stricter.
    package private(set) var statusReason: String?
    package private(set) var statusChangedAt: Timestamp
    /// When it lapses at the exchange.
    package var expiresAt: Timestamp?
    /// When the secret was made, if anybody knows.
    package var secretCreatedAt: Timestamp?
    package var rotation: RotationPlan?
    /// Whether its secret may be revealed.
    package var isReadable = false
    /// Whether signed requests, which hold its passphrase, may be handed out.
    package var isPassphraseDisclosable = false
    /// Name of the address that its requests leave from; nil: whichever is the node's first.
    package var egressAddress: String?
    /// Bait: whoever uses it gives themselves away.
    package private(set) var isDecoy = false
    /// The version that is used; nil without a credential.
    package private(set) var currentVersion: Int?
    /// Why its risks (it can withdraw, no address restricts it) were accepted.
    package private(set) var risksAccepted: String?
    /// Of the current version's secret, as answers show it.
    package private(set) var fingerprint: String?
    package private(set) var rotationNoticeAt: Timestamp?
    package private(set) var expiryNoticeAt: Timestamp?
    /// Once revoked: until when signatures that were handed out stay valid at the exchange.
    package private(set) var handedOutUntil: Timestamp?
    package let createdAt: Timestamp
    package let createdBy: PrincipalID
    package private(set) var policy: PolicyMark?
    /// Whether exits may go by a node's journal while the database is gone.
    package private(set) var isAwayModeOn = false
    package private(set) var updatedAt: Timestamp
    package private(set) var revision: Int64 = 1
}

// MARK: Rules

extension ExchangeKey {
    package var rotationDueAt: Timestamp? {
        rotation?.due(secretCreatedAt: secretCreatedAt, createdAt: createdAt)
    }

    package var rotationCountdown: Countdown? {
        guard let rotation, let rotationDueAt, status != .revoked else { return nil }
        return rotation.countdown(to: rotationDueAt)
    }

    package var expiryCountdown: Countdown? {
        guard let expiresAt, status != .revoked else { return nil }
        return .expiry(expiresAt)
    }

    /// A key without a credential is active at once.
    init(
        _ draft: KeyDraft, id: ExchangeKeyID, createdBy: PrincipalID, under orders: [StandingOrder],
        at now: Timestamp
    ) {
        self.init(
            id: id, exchange: draft.exchange, account: draft.account, label: draft.label,
            environment: draft.environment, owner: draft.owner, tags: draft.tags,
            permissions: draft.permissions, addresses: draft.addresses, statusChangedAt: now,
            expiresAt: draft.expiresAt, secretCreatedAt: draft.secretCreatedAt, rotation: draft.rotation,
            isReadable: draft.isReadable, isPassphraseDisclosable: draft.isPassphraseDisclosable,
            egressAddress: draft.egressAddress, isDecoy: draft.isDecoy, createdAt: now, createdBy: createdBy,
            updatedAt: now)
        rotationNoticeAt = rotationCountdown?.first(from: now)
        expiryNoticeAt = expiryCountdown?.first(from: now)
        obey(orders.strictest(over: self), at: now)
    }

    /// Takes over what a change asks for; answers the names of the fields that are others now.
    mutating func apply(_ change: KeyChange, at now: Timestamp) -> [String] {
        let before = self
        if let label = change.label { self.label = label }
        if let owner = change.owner { self.owner = owner }
        if let tags = change.tags { self.tags = tags }
        if let permissions = change.permissions { self.permissions = permissions }
        if let addresses = change.addresses { self.addresses = addresses }
        if let expiresAt = change.expiresAt { self.expiresAt = expiresAt }
        if let secretCreatedAt = change.secretCreatedAt { self.secretCreatedAt = secretCreatedAt }
        if let rotation = change.rotation { self.rotation = rotation }
        if let isReadable = change.isReadable { self.isReadable = isReadable }
        if let isDisclosable = change.isPassphraseDisclosable { isPassphraseDisclosable = isDisclosable }
        if let egressAddress = change.egressAddress { self.egressAddress = egressAddress }
        let changed = differences(from: before)
        guard !changed.isEmpty else { return [] }
        if changed.contains("rotation") || changed.contains("secret_created_at") {
            rotationNoticeAt = rotationCountdown?.first(from: now)
        }
        if changed.contains("expires_at") { expiryNoticeAt = expiryCountdown?.first(from: now) }
        touch(at: now)
        return changed
    }

    private func differences(from other: ExchangeKey) -> [String] {
        let all = [
            ("label", label == other.label), ("owner_id", owner == other.owner), ("tags", tags == other.tags),
            ("permissions", permissions == other.permissions),
            ("ip_allow_list", addresses == other.addresses),
            ("expires_at", expiresAt == other.expiresAt),
            ("secret_created_at", secretCreatedAt == other.secretCreatedAt),
            ("rotation", rotation == other.rotation), ("readable", isReadable == other.isReadable),
            ("passphrase_disclosable", isPassphraseDisclosable == other.isPassphraseDisclosable),
            ("egress_address", egressAddress == other.egressAddress),
        ]
        return all.filter { !$0.1 }.map(\.0)
    }

    /// What somebody asked of this key itself, and what follows under the standing order over it.
    mutating func become(_ mode: KeyMode, under order: StandingOrder?, reason: String?, at now: Timestamp) {
        (ownMode, ownReason) = (mode, reason)
        settle(under: order, at: now)
        touch(at: now)
    }

    /// Another version is the one that is used. Until the exchange has confirmed it, the key is quarantined.
    mutating func use(_ version: KeyVersion, under order: StandingOrder?, at now: Timestamp) {
        let isFirst = currentVersion == nil
        currentVersion = version.number
        fingerprint = KeyCustody.text(ofFingerprint: version.fingerprint)
        isQuarantined = version.verifiedAt == nil
        if !isFirst || secretCreatedAt == nil && version.origin == .generated {
            secretCreatedAt = version.createdAt
            rotationNoticeAt = rotationCountdown?.first(from: now)
        }
        settle(under: order, at: now)
    }

    /// Its first credential waits for the exchange's name for it.
    mutating func wait(under order: StandingOrder?, at now: Timestamp) {
        isQuarantined = true
        settle(under: order, at: now)
    }

    /// The exchange confirmed its credential, and somebody answers for its risks, if it has any.
    mutating func leaveQuarantine(
        accepting risks: String?, under order: StandingOrder?, at now: Timestamp
    ) {
        isQuarantined = false
        if let risks { risksAccepted = risks }
        settle(under: order, at: now)
        touch(at: now)
    }

    /// The exchange's word on when it lapses counts; answers whether it is another.
    mutating func follow(_ expiresAt: Timestamp, at now: Timestamp) -> Bool {
        guard self.expiresAt != expiresAt else { return false }
        self.expiresAt = expiresAt
        expiryNoticeAt = expiryCountdown?.first(from: now)
        touch(at: now)
        return true
    }

    /// Fits the key to the standing order over it; answers whether anything is another now.
    @discardableResult
    mutating func obey(_ order: StandingOrder?, at now: Timestamp) -> Bool {
        let before = (status, statusReason)
        settle(under: order, at: now)
        return before != (status, statusReason)
    }

    /// Nothing is said about a revoked key any more. What was handed out for it stays valid at the exchange
    /// until `handedOutUntil`.
    private mutating func settle(under order: StandingOrder?, at now: Timestamp) {
        let old = status
        status = KeyStatus(own: ownMode, ordered: order?.mode, quarantined: isQuarantined)
        let isOrdered = (order?.mode ?? .active) > ownMode
        statusReason = isOrdered ? order?.reason : ownReason
        guard status != old else { return }
        statusChangedAt = now
        guard status == .revoked else { return }
        (rotationNoticeAt, expiryNoticeAt) = (nil, nil)
        handedOutUntil = now + exchange.signaturesLast
    }

    /// Another policy counts from now on.
    mutating func obey(_ policy: PolicyMark, at now: Timestamp) {
        self.policy = policy
        touch(at: now)
    }

    /// Answers whether anything is another now.
    mutating func setAwayMode(_ isOn: Bool, at now: Timestamp) -> Bool {
        guard isAwayModeOn != isOn else { return false }
        isAwayModeOn = isOn
        touch(at: now)
        return true
    }

    /// A change that was decided outside of `apply`.
    mutating func touch(at now: Timestamp) {
        updatedAt = now
        revision += 1
    }
}

// MARK: Rows

extension ExchangeKey {
    /// A row that `KeyColumns` names.
    init(_ row: KeyRow) throws(TamperedKey) {
        try self.init(
            id: row.id, exchange: row.closed(KeyColumns.exchange), account: row.text(KeyColumns.account),
            label: row.text(KeyColumns.label), environment: row.closed(KeyColumns.environment),
            owner: row.principal(KeyColumns.owner), tags: row.texts(KeyColumns.tags),
            permissions: row.texts(KeyColumns.permissions).compactMap { KeyPermission(rawValue: $0) },
            addresses: row.texts(KeyColumns.addresses).compactMap { CIDR($0) },
            status: row.closed(KeyColumns.status), ownMode: row.closed(KeyColumns.ownMode),
            ownReason: row.optionalText(KeyColumns.ownReason),
            isQuarantined: row.flag(KeyColumns.quarantined),
            statusReason: row.optionalText(KeyColumns.statusReason),
            statusChangedAt: row.time(KeyColumns.statusChangedAt),
            expiresAt: row.optionalTime(KeyColumns.expiresAt),
            secretCreatedAt: row.optionalTime(KeyColumns.secretCreatedAt), rotation: row.rotation,
            isReadable: row.flag(KeyColumns.readable),
            isPassphraseDisclosable: row.flag(KeyColumns.passphraseDisclosable),
            egressAddress: row.optionalText(KeyColumns.egressAddress), isDecoy: row.flag(KeyColumns.decoy),
            currentVersion: row.optionalInt(KeyColumns.currentVersion),
            risksAccepted: row.optionalText(KeyColumns.risksAccepted),
            fingerprint: row.optionalText(KeyColumns.fingerprint),
            rotationNoticeAt: row.optionalTime(KeyColumns.rotationNoticeAt),
            expiryNoticeAt: row.optionalTime(KeyColumns.expiryNoticeAt),
            handedOutUntil: row.optionalTime(KeyColumns.handedOutUntil),
            createdAt: row.time(KeyColumns.createdAt), createdBy: row.principal(KeyColumns.createdBy),
            policy: PolicyMark(row), isAwayModeOn: row.flag(KeyColumns.awayMode),
            updatedAt: row.time(KeyColumns.updatedAt), revision: row.revision)
    }
}
