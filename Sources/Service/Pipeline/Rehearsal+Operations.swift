import Access

/// Which operations are tried before somebody is asked to approve them. Each that can wait stands in one of
/// these lists, and those of the first two come as far as `Ledger.change`, the one way to change something:
/// a test holds both.
extension Rehearsal {
    static func of(_ operation: String) -> Rehearsal? {
        if whole.contains(operation) { return .whole }
        return form.contains(operation) ? .form : nil
    }

    /// What changes nothing but by one transaction.
    private static let whole: Set<String> = [
        "putSignInSettings", "createUser", "updateUser", "inviteUser", "createPasswordReset",
        "resetUserFactors", "disableUser", "enableUser", "offboardUser", "createBreakGlass",
        "revokeBreakGlass", "createServiceAccount", "updateServiceAccount", "disableServiceAccount",
        "enableServiceAccount", "createRole", "replaceRole", "deleteRole", "createGroup", "replaceGroup",
        "deleteGroup", "addGroupMember", "removeGroupMember", "createApprovalRule", "updateApprovalRule",
        "deleteApprovalRule", "setSoloMode", "createGrant", "deleteGrant", "createAccessToken",
        "rotateAccessToken", "revokeAccessToken",
        "createKey", "createDecoyKey", "updateKey", "setKeyMode", "setKeyAwayMode", "createAccount",
        "updateAccount", "setAccountMode", "createDeposit", "withdrawDeposit", "createKeyVersion",
        "activateKeyVersion", "destroyKeyVersion", "createKeyRotation", "rollBackKeyRotation", "suspendKey",
        "activateKey", "revokeKey", "setKeysMode", "revokeKeys", "markKeyDeleted",
        "publishAccountPolicy", "putAccountPolicyDraft", "deleteAccountPolicyDraft",
        "publishAccountPolicyDraft", "revertAccountPolicy", "publishDeskPolicy", "putDeskPolicyDraft",
        "deleteDeskPolicyDraft", "publishDeskPolicyDraft", "revertDeskPolicy", "publishKeyPolicy",
        "putKeyPolicyDraft", "deleteKeyPolicyDraft", "publishKeyPolicyDraft", "revertKeyPolicy",
        "markPriceSource", "deletePriceSource", "resumePriceSource",
        "updateToken", "deleteTokenMetric", "createCandleFeed", "updateCandleFeed", "deleteCandleFeed",
        "createMoverList", "updateMoverList", "deleteMoverList", "createNarrative", "updateNarrative",
        "deleteNarrative", "createWatchlist", "updateWatchlist", "deleteWatchlist", "createBacktest",
        "cancelBacktest", "deleteBacktest",
        "createWebhook", "updateWebhook", "deleteWebhook", "enableWebhook", "disableWebhook",
        "rotateWebhookSecret", "retryDelivery", "createAlertRule", "updateAlertRule", "deleteAlertRule",
        "enableAlertRule", "disableAlertRule", "restoreAlertRuleVersion", "createHeartbeat",
        "updateHeartbeat", "deleteHeartbeat", "renewHeartbeatPingURL", "putHeartbeatSettings",
        "enableRulePack", "updateRulePack", "disableRulePack", "acknowledgeAlert", "assignAlert",
        "commentAlert", "resolveAlert", "createRoute", "replaceRoute", "deleteRoute", "createSilence",
        "createSecuritySilence", "endSilence", "createMaintenanceWindow", "deleteMaintenanceWindow",
        "testWebhook", "seal", "confirmRestore", "rotateKeyEncryptionKey",
    ]

    /// What opens a secret, writes a file, or asks an exchange once its first transaction has begun; and
    /// what is many transactions.
    private static let form: Set<String> = [
        "revealKey", "verifyKey", "checkKeyDeletion", "advanceKeyRotation", "importKeys", "replayWebhook",
        "makeShares", "rotateRootKey",
    ]

    /// What shares a transaction with others, or acts in this node's memory or in a name of its own.
    static let never: Set<String> = [
        "tryRequest", "tryProxiedRequest", "pushEvents", "runJob", "proveShare",
    ]
}
