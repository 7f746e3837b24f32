extension Permission {
    /// Whether it is about keys and accounts, so that a grant on some of them gives it there. All others come
    /// by grants on everything only, and a denial on some keys takes nothing of them away.
    package var takesScope: Bool { Self.scoped.contains(self) }

    /// A permission stands here once every endpoint that asks for it may narrow what it does.
    private static let scoped: Set<Permission> = [
        .accountsRead, .accountsWrite, .alertsRead, .alertsWrite, .decoysRead, .decoysWrite, .deliveriesRead,
        .deliveriesWrite, .eventsRead, .keysAway, .keysDestroy, .keysRead,
        .keysProxy, .keysReveal, .keysRevoke, .keysRotate, .keysSign, .keysSuspend, .keysVerify, .keysWrite,
        .policiesRead, .policiesWrite, .usageRead, .usageWrite,
    ]
}
