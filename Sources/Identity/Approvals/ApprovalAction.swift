/// What a rule may ask approvals for: operations by their ids in openapi.yaml, and two of what requests to
/// exchanges do. A closed list: each changes who may do what, lets a secret out, or moves money.
package enum ApprovalAction: String, CaseIterable, Sendable {
    // Keys.
    case updateKey, createKeyVersion, activateKeyVersion, destroyKeyVersion, revealKey
    case activateKey, suspendKey, revokeKey, setKeyMode, setKeysMode, revokeKeys, setAccountMode
    // Policies.
    case publishKeyPolicy, publishKeyPolicyDraft, revertKeyPolicy
    case publishAccountPolicy, publishAccountPolicyDraft, revertAccountPolicy
    case publishDeskPolicy, publishDeskPolicyDraft, revertDeskPolicy
    // People.
    case createUser, inviteUser, enableUser, createServiceAccount, updateServiceAccount, createAccessToken
    case createGrant, deleteGrant, createRole, replaceRole, deleteRole
    case replaceGroup, deleteGroup, addGroupMember, removeGroupMember
    // The installation.
    case rotateRootKey
    case createApprovalRule, updateApprovalRule, deleteApprovalRule, setSoloMode
    // At an exchange: proxied requests that are of this operation.
    case withdraw, transfer

    /// An operation at an exchange: without a rule for it, it is always refused.
    package var isAtExchange: Bool { self == .withdraw || self == .transfer }
}
