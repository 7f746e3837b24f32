import EventLoop
import Exchanges
import HTTPClient
import Kernel
import Keys
import Signals
import Signing

/// Sends signed requests to exchanges, on one worker: to public addresses on port 443 only, or to the
/// stand-ins that the settings name. Where the settings say so, candles are asked for elsewhere.
struct ExchangeSender {
    private static let connectionAge = Period.minutes(30)
    private static let timeLimits = OutgoingRequest.TimeLimits(connect: .seconds(5), total: .seconds(10))

    private let client: HTTPClient
    private let settings: Settings
    private let places: ExchangePlaces
    /// With those that candles alone are asked of.
    private let klinePlaces: ExchangePlaces
    private let reactor: Reactor
    private let weights: WeightBook
    private let clocks: ExchangeClocks
    private let clock: Clock

    init(_ shared: NodeShared, reactor: Reactor) {
        (settings, weights, clock) = (shared.settings, shared.weights, shared.clock)
        clocks = shared.exchangeClocks
        places = ExchangePlaces(shared.settings)
        let mirrors = shared.settings.klines.values.map { ($0, shared.settings.receivers) }
        klinePlaces = ExchangePlaces(
            shared.settings, mirrors: Dictionary(mirrors, uniquingKeysWith: { $1 }))
        self.reactor = reactor
        var kept = HTTPClient.Settings()
        // A handshake costs an order tens of milliseconds; every request asks the address guard anyway.
        kept.connectionAge = Self.connectionAge
        client = HTTPClient(
            on: reactor, resolver: .system(shared.partnerNames),
            addressGuard: AddressGuard(ownAddresses: [shared.settings.listen]), settings: kept)
    }

    func prober(_ shared: NodeShared) -> KeyProber {
        KeyProber(
            clock: shared.clock, entropy: shared.entropy,
            standIn: { [settings] in settings.standIn($0, $1, $2) },
            pause: { [reactor] in await reactor.sleep(nanoseconds: Int64($0)) },
            send: { errand in await probe(errand) })
    }

    /// For requests of bots: the same addresses, and answers whole.
    func line() -> ExchangeLine {
        ExchangeLine(
            send: { message in await pass(message) },
            open: { message in await open(message) },
            pause: { [reactor] in await reactor.sleep(nanoseconds: Int64($0)) })
    }

    /// For candles: what everybody may read, from the same addresses.
    func klineLine() -> KlineLine {
        KlineLine { question in await ask(question) }
    }

    private nonisolated(nonsending) func ask(
        _ question: KlineLine.Question
    ) async -> Result<KlineLine.Answer, KlineLine.Failure> {
        let (exchange, environment, alias) = (question.exchange, question.environment, question.draft.host)
        let own = exchange.adapter.host(
            alias, in: environment, standingAt: settings.standIn(exchange, environment, alias))
        let mirror = settings.klines(exchange, environment)
        let host = if let mirror { own?.standing(at: mirror) } else { own }
        guard let host,
            var outgoing = outgoing(SignedRequest(unsigned: question.draft, to: host), at: klinePlaces)
        else { return .failure(.init("the exchange has no such host in that environment")) }
        // What a mirror has enough of is nothing that the exchange said.
        let asked =
            mirror == nil ? bystander(MarketPlace(exchange, environment, host: alias), from: nil) : nil
        if let refusal = asked.flatMap(refusal) {
            return .failure(.init(refusal.sentence, wait: refusal.wait))
        }
        outgoing.mayResend = true
        outgoing.responseLimits = .init(
            readBytes: KlineLine.mostAnswerBytes, keptBytes: KlineLine.mostAnswerBytes)
        do throws(OutgoingError) {
            let answer = try await client.send(outgoing)
            if let asked { note(answer, of: asked) }
            return .success(
                KlineLine.Answer(
                    status: answer.status,
                    retryAfterSeconds: answer.header("retry-after").flatMap { Int($0) }, body: answer.body))
        } catch {
            return .failure(.init(error.outsideText.replacing("receiver", with: "exchange")))
        }
    }

    private nonisolated(nonsending) func pass(
        _ message: ExchangeLine.Message
    ) async -> Result<ExchangeAnswer, ExchangeFailure> {
        guard let outgoing = outgoing(message) else { return .failure(Self.noAddress) }
        let bystander = message.place.map { self.bystander($0, from: message.source) }
        if let refusal = bystander.flatMap(refusal) {
            return .failure(ExchangeFailure(mayHaveArrived: false, refusal.sentence))
        }
        do throws(OutgoingError) {
            let answer = try await client.send(outgoing)
            if let bystander { note(answer, of: bystander) }
            return .success(Self.answer(answer))
        } catch {
            return .failure(Self.failure(error))
        }
    }

    private nonisolated(nonsending) func open(
        _ message: ExchangeLine.Message
    ) async -> Result<OpenAnswer, ExchangeFailure> {
        guard let outgoing = outgoing(message) else { return .failure(Self.noAddress) }
        do throws(OutgoingError) {
            let opened = try await client.open(outgoing)
            guard let rest = opened.rest else {
                return .success(OpenAnswer(Self.answer(opened.response), rest: nil))
            }
            return .success(OpenAnswer(Self.answer(opened.response), rest: { try await rest.next() }))
        } catch {
            return .failure(Self.failure(error))
        }
    }

    private static let noAddress = ExchangeFailure(
        mayHaveArrived: false, "The address of the exchange cannot be used.")

    private static func answer(_ response: OutgoingResponse) -> ExchangeAnswer {
        ExchangeAnswer(
            status: response.status, headers: response.headers.map { ($0.name, $0.value) },
            body: response.body, isTruncated: response.isTruncated)
    }

    private static func failure(_ error: OutgoingError) -> ExchangeFailure {
        ExchangeFailure(
            mayHaveArrived: error.mayHaveBeenReceived,
            error.outsideText.replacing("receiver", with: "exchange"))
    }

    private func outgoing(_ message: ExchangeLine.Message) -> OutgoingRequest? {
        guard var outgoing = outgoing(message.request) else { return nil }
        outgoing.headers += message.headers.map { OutgoingHeader($0.name, $0.value) }
        outgoing.mayResend = message.mayResend
        outgoing.mayLeave = message.mayLeave
        outgoing.responseLimits = .init(
            readBytes: message.answerBytesAtMost, keptBytes: message.answerBytesAtMost)
        outgoing.responseLimits.streamedFromBytes = message.partBytes
        if let source = message.source { outgoing.source = source }
        return outgoing
    }

    /// Nil when its address is none that may be asked.
    private func outgoing(_ request: SignedRequest, at others: ExchangePlaces? = nil) -> OutgoingRequest? {
        guard let method = OutgoingMethod(rawValue: request.method.rawValue),
            let place = (others ?? places).place(of: request.url)
        else { return nil }
        var outgoing = OutgoingRequest(
            method, place.url, headers: request.headers.map { OutgoingHeader($0.name, $0.value) },
            body: request.body ?? [], allowance: place.allowance, mayResend: false)
        outgoing.timeLimits = Self.timeLimits
        outgoing.isDecoded = true
        outgoing.source = settings.egress.choose(nil).source
        return outgoing
    }

    private nonisolated(nonsending) func probe(
        _ errand: KeyProber.Errand
    ) async -> Result<ProbeAnswer, KeyProber.SendFailure> {
        guard var outgoing = outgoing(errand.request) else {
            return .failure(.init("The address of the exchange cannot be used."))
        }
        let choice = settings.egress.choose(errand.egressAddress)
        guard choice != .missing else {
            return .failure(.init("This node has no source address \(errand.egressAddress ?? "")."))
        }
        let asked = WeightRequest(
            MarketPlace(errand.exchange, errand.environment, host: errand.host), from: choice.name,
            account: errand.account, route: "probe")
        if let refusal = refusal(of: asked) { return .failure(.init(refusal.sentence)) }
        outgoing.source = choice.source
        outgoing.mayLeave = errand.mayLeave
        outgoing.responseLimits = .init(
            readBytes: ProbeAnswer.bodyBytesAtMost, keptBytes: ProbeAnswer.bodyBytesAtMost)
        do throws(OutgoingError) {
            let answer = try await client.send(outgoing)
            note(answer, of: asked)
            return .success(
                ProbeAnswer(
                    status: answer.status,
                    retryAfterSeconds: answer.header("retry-after").flatMap { Int($0) }, body: answer.body))
        } catch {
            return .failure(.init(error.outsideText))
        }
    }
}

// MARK: What nobody counts

extension ExchangeSender {
    /// - Parameter source: nil: what no key signs leaves from the node's first address.
    private func bystander(_ place: MarketPlace, from source: IPAddress?) -> WeightRequest {
        let named = source.flatMap { source in settings.egress.all.first { $0.source == source } }
        return WeightRequest(
            place, from: named?.name ?? settings.egress.choose(nil).name, account: "", route: "public")
    }

    private func refusal(of request: WeightRequest) -> WeightRefusal? {
        weights.stop(of: request, at: now(request.place))
    }

    private func now(_ place: MarketPlace) -> Timestamp {
        clocks.now(at: .init(place.exchange, place.environment), is: clock.now())
    }

    /// An exchange that shuts an address out does so to whoever comes from it.
    private func note(_ answer: OutgoingResponse, of request: WeightRequest) {
        let stop = request.place.exchange.stop(
            status: answer.status, code: "", retryAfter: answer.header("retry-after").flatMap { Int($0) },
            route: request.route)
        if let stop { weights.note(stop, of: request, at: now(request.place)) }
    }
}
