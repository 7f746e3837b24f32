import Access
import EventLoop
import Kernel
import Synchronization

/// Own events that were posted one by one and wait to be stored, of all workers of a node: whoever's turn it
/// is takes all that wait, so that they share a transaction, whichever connection they came by.
package final class EventPosts: Sendable {
    struct Post: Sendable {
        let number: UInt64
        let event: CustomEvent
        let context: Context
        /// Monotonic.
        fileprivate let since: UInt64

        /// What its caller was let in by.
        var basis: AuthorityHold.Basis? { context.hold?.basis }
    }

    /// What whoever posted is woken for.
    enum Call: Sendable {
        /// To carry out what waits.
        case lead
        case end(Result<EventGatherer.Answer, any Error>)

        fileprivate var isLast: Bool {
            if case .end = self { true } else { false }
        }
    }

    private enum Waiter {
        /// Not there yet, and what it is to be told then, one after the other.
        case awaited([Call])
        case asleep(UnsafeContinuation<Call, Never>)
    }

    /// What is to be done once the lock is given back.
    private struct Waking: Sendable {
        let continuation: UnsafeContinuation<Call, Never>
        let call: Call

        func run() { continuation.resume(returning: call) }
    }

    private struct State {
        var waiting: [Post] = []
        var waiters: [UInt64: Waiter] = [:]
        var last: UInt64 = 0
        var expected = 1

        mutating func tell(_ number: UInt64, _ call: Call) -> Waking? {
            switch waiters[number] {
            case .asleep(let continuation):
                waiters[number] = call.isLast ? nil : .awaited([])
                return Waking(continuation: continuation, call: call)
            case .awaited(let calls): waiters[number] = .awaited(calls + [call])
            case nil: break
            }
            return nil
        }
    }

    /// One batch of the node after the other, while they are swift.
    let turn = BatchTurn()
    private let state = Mutex(State())

    package init() {}

    var count: Int { state.withLock { $0.waiting.count } }

    /// How many of those that were answered last are awaited.
    var expected: Int {
        get { state.withLock { $0.expected } }
        set { state.withLock { $0.expected = newValue } }
    }

    /// Its number; nil: too many wait. Whoever posts asks for its calls until the last.
    func add(_ event: CustomEvent, _ context: Context, most: Int, at now: UInt64) -> UInt64? {
        state.withLock { state in
            guard state.waiting.count < most else { return nil }
            state.last += 1
            state.waiting.append(Post(number: state.last, event: event, context: context, since: now))
            state.waiters[state.last] = .awaited([])
            return state.last
        }
    }

    nonisolated(nonsending) func call(for number: UInt64) async -> Call {
        await withUnsafeContinuation { continuation in
            let call = state.withLock { state -> Call? in
                guard case .awaited(let calls) = state.waiters[number], let call = calls.first else {
                    state.waiters[number] = .asleep(continuation)
                    return nil
                }
                state.waiters[number] = call.isLast ? nil : .awaited(Array(calls.dropFirst()))
                return call
            }
            if let call { continuation.resume(returning: call) }
        }
    }

    /// Has it carry out what waits; false: it waits no more.
    func lead(_ number: UInt64) -> Bool {
        let (isThere, waking) = state.withLock { state -> (Bool, Waking?) in
            guard state.waiting.contains(where: { $0.number == number }) else { return (false, nil) }
            return (true, state.tell(number, .lead))
        }
        waking?.run()
        return isThere
    }

    /// The oldest, at most that many. Those that waited too long are for whoever asks to end.
    func take(_ most: Int, youngerThan limit: Period, at now: UInt64) -> (posts: [Post], late: [Post]) {
        state.withLock { state in
            let taken = state.waiting.prefix(most)
            state.waiting.removeFirst(taken.count)
            let oldest = UInt64(limit.nanoseconds)
            let posts = taken.filter { now &- $0.since <= oldest }
            return (posts, taken.filter { now &- $0.since > oldest })
        }
    }

    func end(_ posts: [Post], _ results: [Result<EventGatherer.Answer, any Error>]) {
        let ended = Array(zip(posts, results))
        let wakings = state.withLock { state in
            ended.compactMap { post, result in state.tell(post.number, .end(result)) }
        }
        for waking in wakings { waking.run() }
    }
}
