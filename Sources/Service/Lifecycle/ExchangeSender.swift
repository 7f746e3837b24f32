import EventLoop
import Exchanges
import HTTPClient
import Kernel
import Keys

/// Sends signed requests to exchanges, on one worker: to public addresses on port 443 only, or to the
/// stand-ins that the settings name.
struct ExchangeSender {
    private static let publicOnly = Allowance(ports: [443])
    private static let timeLimits = OutgoingRequest.TimeLimits(connect: .seconds(5), total: .seconds(10))

    private let client: HTTPClient
    private let settings: Settings
    private let reactor: Reactor

    init(_ shared: NodeShared, reactor: Reactor) {
        settings = shared.settings
        self.reactor = reactor
        client = HTTPClient(
            on: reactor, resolver: .system(shared.offLoop),
            addressGuard: AddressGuard(ownAddresses: [shared.settings.listen]))
    }

    func prober(_ shared: NodeShared) -> KeyProber {
        KeyProber(
            clock: shared.clock, entropy: shared.entropy,
            standIn: { [settings] in settings.standIn($0, $1, $2) },
            pause: { [reactor] in await reactor.sleep(nanoseconds: Int64($0)) },
            send: { request, mayLeave in await probe(request, mayLeave) })
    }

    private nonisolated(nonsending) func probe(
        _ request: SignedRequest, _ mayLeave: @escaping @Sendable () -> Bool
    ) async -> Result<ProbeAnswer, KeyProber.SendFailure> {
        let allowance = settings.isStandIn(request.url) ? Allowance.privateReceivers : Self.publicOnly
        guard let method = OutgoingMethod(rawValue: request.method.rawValue),
            let url = try? OutgoingURL(request.url, allowance: allowance)
        else { return .failure(.init("The address of the exchange cannot be used.")) }
        var outgoing = OutgoingRequest(
            method, url, headers: request.headers.map { OutgoingHeader($0.name, $0.value) },
            body: request.body ?? [], allowance: allowance, mayResend: false)
        outgoing.timeLimits = Self.timeLimits
        outgoing.mayLeave = mayLeave
        outgoing.responseLimits = .init(
            readBytes: ProbeAnswer.bodyBytesAtMost, keptBytes: ProbeAnswer.bodyBytesAtMost)
        do throws(OutgoingError) {
            let answer = try await client.send(outgoing)
            return .success(
                ProbeAnswer(
                    status: answer.status,
                    retryAfterSeconds: answer.header("retry-after").flatMap { Int($0) }, body: answer.body))
        } catch {
            return .failure(.init(error.outsideText))
        }
    }
}
