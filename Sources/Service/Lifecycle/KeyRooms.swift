import Access
import Crypto
import EventLoop
import Events
import Jobs
import Keys
import Signing

/// Exchange keys on one worker: their register, their secrets, and what exchanges say of them.
struct KeyRooms {
    let operations: [Operation]
    let jobs: [Job]
    let book: KeyBook

    init(_ shared: NodeShared, ledger: Ledger, sender: ExchangeSender) {
        let custody = KeyCustody(
            keyring: { try shared.seal.opened().keyring },
            fingerprintKey: { try shared.seal.opened().fingerprintKey })
        book = KeyBook(ledger: ledger, custody: custody)
        let prober = sender.prober(shared)
        operations =
            RestoreEndpoints(ledger: ledger, keys: book).operations
            + KeyEndpoints(
                book: book,
                isActive: { principal, transaction in
                    try await PrincipalRights.of([principal], in: transaction)[principal] != nil
                },
                makePair: { kind, bits in
                    try await shared.offLoop.run { try PrivateKey.generate(kind, rsaBits: bits) }
                }, prober: prober, publicOrigin: shared.settings.origin,
                uses: { key, now in
                    try await PermissionUses.read(of: key, now: now, in: ledger.database)
                }
            ).operations
        jobs = KeyJobs(book: book, prober: prober).jobs
    }
}
