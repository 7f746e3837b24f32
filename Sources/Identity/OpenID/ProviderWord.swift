import EventLoop
import Kernel

/// Something that the provider says of itself, kept for a while. Whoever asks while it is asked for waits for
/// the same answer, so that a rush of log-ins is one question.
final class ProviderWord<Value> {
    private typealias Asking = Promise<Result<Value, ProviderFailure>>

    private let clock: Clock
    private var kept: (value: Value, at: UInt64)?
    private var asking: Asking?

    init(_ clock: Clock) { self.clock = clock }

    var isAsking: Bool { asking != nil }

    /// Nil: it was not said, or longer ago.
    func known(within lifetime: Period) -> Value? {
        guard let kept, clock.monotonicNanoseconds() &- kept.at < lifetime.nanoseconds else { return nil }
        return kept.value
    }

    nonisolated(nonsending) func ask(
        _ question: nonisolated(nonsending) () async throws(ProviderFailure) -> Value
    ) async throws(ProviderFailure) -> Value {
        if let asking { return try await asking.get().get() }
        let asking = Asking()
        self.asking = asking
        let answer: Result<Value, ProviderFailure>
        do throws(ProviderFailure) {
            answer = .success(try await question())
        } catch {
            answer = .failure(error)
        }
        self.asking = nil
        if case .success(let value) = answer { kept = (value, clock.monotonicNanoseconds()) }
        asking.fulfil(answer)
        return try answer.get()
    }
}
