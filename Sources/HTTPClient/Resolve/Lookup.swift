import EventLoop
import Kernel
import Synchronization

/// One question to the resolver under a time limit. The system's resolver cannot be interrupted, so the first
/// of answer and timer counts, and the other is dropped.
final class Lookup: Sendable {
    typealias Answer = Result<[IPAddress], OutgoingError>

    private let waiter = Mutex<UnsafeContinuation<Answer, Never>?>(nil)

    static nonisolated(nonsending) func addresses(
        of name: String, _ resolver: Resolver, on reactor: Reactor, limit: Period
    ) async -> Answer {
        let lookup = Lookup()
        var timer: TimerID?
        let answer = await withUnsafeContinuation { continuation in
            lookup.waiter.withLock { $0 = continuation }
            timer = reactor.schedule(afterNanoseconds: limit.nanoseconds) {
                lookup.answer(.failure(.timeout(.resolve)))
            }
            Task { lookup.answer(await ask(resolver, name)) }
        }
        if let timer { reactor.cancel(timer) }
        return answer
    }

    private static func ask(_ resolver: Resolver, _ name: String) async -> Answer {
        do {
            return .success(Array(try await resolver.addresses(name).prefix(Resolver.maximumAddresses)))
        } catch let failure as Resolver.Failure {
            return .failure(.resolveFailed(failure.reason))
        } catch is OffLoop.Failure {
            return .failure(.overloaded)
        } catch {
            return .failure(.resolveFailed("\(error)"))
        }
    }

    private func answer(_ answer: Answer) {
        let waiter = waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        waiter?.resume(returning: answer)
    }
}
