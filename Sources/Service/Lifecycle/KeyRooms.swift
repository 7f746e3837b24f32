import Access
import Crypto
import EventLoop
import Events
import Jobs
import Kernel
import Keys
import Signing

/// Exchange keys on one worker: their register, their secrets, and what exchanges say of them.
struct KeyRooms {
    let operations: [Operation]
    let jobs: [Job]
    let book: KeyBook

    init(_ shared: NodeShared, ledger: Ledger, sender: ExchangeSender, reactor: Reactor) {
        let custody = KeyCustody(
            keyring: { try shared.seal.opened().keyring },
            fingerprintKey: { try shared.seal.opened().fingerprintKey })
        let senders = KeySenders(
            turns: shared.keyTurns, exits: shared.awayTurns, database: ledger.database, node: shared.id,
            clock: shared.clock, reactor: reactor)
        book = KeyBook(
            ledger: ledger, custody: custody, egress: shared.settings.egress, senders: senders)
        let prober = sender.prober(shared)
        operations =
            RestoreEndpoints(ledger: ledger, keys: book).operations
            + KeyEndpoints(
                book: book,
                isActive: { principal, transaction in
                    try await PrincipalRights.of([principal], at: shared.clock.now(), in: transaction)[
                        principal] != nil
                },
                makePair: { kind, bits in
                    try await shared.offLoop.run { try PrivateKey.generate(kind, rsaBits: bits) }
                }, prober: prober, publicOrigin: shared.settings.origin,
                uses: { key, now in
                    try await PermissionUses.read(of: key, now: now, in: ledger.database)
                },
                ordersSeen: { keys, now in
                    try await OrdersSeen.read(of: keys, now: now, in: ledger.database)
                }, state: { shared.exchangeStates.state(of: $0) }
            ).operations
        jobs =
            KeyJobs(book: book, prober: prober).jobs + [
                UnusedKeys(book: book, unusedAfter: shared.settings.unusedAfter) {
                    try await LastUses.read(of: $0, in: $1)
                }.job
            ]
    }
}
