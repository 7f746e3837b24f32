package import EventLoop
package import Kernel

/// Sends mail for one worker: under the same address guard as requests, on threads of its own, because few
/// mails go and a mail server takes its time. Each mail has its own connection.
package final class MailClient {
    private let reactor: Reactor
    private let resolver: Resolver
    private let addressGuard: AddressGuard
    private let clock: Clock
    private var places = MailPlaces()
    /// Made for the first mail.
    private var threads: OffLoop?

    package init(
        on reactor: Reactor, resolver: Resolver, addressGuard: AddressGuard, clock: Clock = .system
    ) {
        (self.reactor, self.resolver, self.addressGuard, self.clock) = (
            reactor, resolver, addressGuard, clock
        )
    }

    deinit { threads?.stop() }

    /// Hands one mail in and waits for the server's word. `overloaded` when its server has its part of the
    /// threads already.
    package nonisolated(nonsending) func send(_ mail: OutgoingMail) async throws(OutgoingError) -> MailReply {
        let start = clock.monotonicNanoseconds()
        let addresses = try await checkedAddresses(of: mail)
        let transfer = MailTransfer.Order(mail: mail, pinned: addresses, addressGuard: addressGuard)
        let server = mail.server.place
        guard places.take(server) else { throw .overloaded }
        var outcome: Result<MailTransfer.Reply, OutgoingError> = .failure(.overloaded)
        defer { places.giveBack(server, hung: outcome.ranOut) }
        do {
            outcome = try await running().run { MailTransfer.run(transfer) }
        } catch is OffLoop.Failure {
            throw .overloaded
        } catch {
            throw .other("\(error)")
        }
        let reply = try outcome.get()
        let spent = Period(microseconds: Int64((clock.monotonicNanoseconds() &- start) / 1_000))
        return MailReply(code: reply.code, text: reply.text, duration: spent)
    }

    private func running() throws -> OffLoop {
        if let threads { return threads }
        let threads = try OffLoop(
            threads: MailPlaces.all, limit: MailPlaces.all, name: "kb-mail")
        self.threads = threads
        return threads
    }

    /// The addresses to pin, all of them admitted; empty when the host is an address.
    private nonisolated(nonsending) func checkedAddresses(
        of mail: OutgoingMail
    ) async throws(OutgoingError) -> [IPAddress] {
        var (addresses, judged) = ([IPAddress](), [IPAddress]())
        switch mail.server.host {
        case .address(let address): judged = [address]
        case .name(let name):
            let limit = mail.timeLimits.connect
            addresses = try await Lookup.addresses(of: name, resolver, on: reactor, limit: limit).get()
            judged = addresses
        }
        let refusal = addressGuard.refusal(
            ofAll: judged, port: mail.server.port, isPlain: false, allowance: mail.allowance)
        if let refusal { throw .refusedByPolicy(refusal) }
        return addresses
    }
}

extension Result<MailTransfer.Reply, OutgoingError> {
    fileprivate var ranOut: Bool {
        if case .failure(.timeout) = self { true } else { false }
    }
}
