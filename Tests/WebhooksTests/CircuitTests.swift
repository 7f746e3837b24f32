import Access
import Kernel
import TestSupport
import Testing

@testable import Webhooks

/// How hard one endpoint is tried.
struct CircuitTests {
    private static let start = Timestamp.testStart

    /// Fails once a second until it degrades; returns when that was.
    private func degrade(_ circuit: inout Circuit) -> Timestamp {
        var now = Self.start
        while circuit.event(.failed, at: now) != .degrade { now = now + .seconds(1) }
        return now
    }

    @Test func `a burst of failures within a moment does not degrade, one that lasts does`() {
        var circuit = Circuit()
        for _ in 0..<100 { #expect(circuit.event(.failed, at: Self.start) == .none) }
        #expect(circuit.allowance(at: Self.start, of: 32) == 32)
        #expect(circuit.event(.failed, at: Self.start + .seconds(10)) == .degrade)
        #expect(circuit.allowance(at: Self.start + .seconds(10), of: 32) == 0)
    }

    @Test func `probes go one at a time, 10 s to 10 min apart, until one succeeds`() {
        var circuit = Circuit()
        var now = degrade(&circuit)
        var waits: [Period] = []
        for _ in 0..<9 {
            guard let opening = circuit.opens(after: now) else { break }
            waits.append(opening - now)
            now = opening
            #expect(circuit.allowance(at: now, of: 32) == 1)
            #expect(circuit.event(.failed, at: now) == .none)
        }
        #expect(waits.prefix(4) == [.seconds(10), .seconds(10), .seconds(20), .seconds(40)])
        #expect(waits.last == .minutes(10))
        #expect(circuit.event(.succeeded(begun: now), at: now) == .recover)
        #expect(circuit == Circuit())
    }

    @Test func `it is disabled late, after five days without one success`() {
        var circuit = Circuit()
        var now = degrade(&circuit)
        var last = Circuit.Action.none
        while last != .disable {
            now = circuit.opens(after: now) ?? now
            last = circuit.event(.failed, at: now)
            #expect(now - Self.start <= Circuit.disableAfter + Circuit.probeWaits.last)
            if now - Self.start < Circuit.disableAfter { #expect(last == .none) }
        }
        #expect(now - Self.start >= .hours(120))
    }

    @Test func `one success in five days is enough`() {
        var circuit = Circuit()
        for hour in 0..<240 {
            let now = Self.start + .hours(Int64(hour))
            #expect(circuit.event(.failed, at: now) != .disable)
            if hour % 100 == 99 { _ = circuit.event(.succeeded(begun: now), at: now) }
        }
    }

    @Test func `502 and 504 halve how many go at once, and each success doubles it again`() {
        var circuit = Circuit()
        var seen: [Int] = []
        for _ in 0..<7 {
            _ = circuit.event(.slowed, at: Self.start)
            seen.append(circuit.allowance(at: Self.start, of: 32))
        }
        #expect(seen == [16, 8, 4, 2, 1, 1, 1])
        _ = circuit.event(.succeeded(begun: Self.start), at: Self.start)
        #expect(circuit.allowance(at: Self.start, of: 32) == 2)
    }

    @Test func `a success ends a pause that the receiver asked for, unless it was sent before that`() {
        var circuit = Circuit()
        let asked = Self.start + .seconds(1)
        _ = circuit.event(.throttled(.minutes(5)), at: asked)
        _ = circuit.event(.succeeded(begun: Self.start), at: asked + .seconds(1))
        #expect(circuit.opens(after: asked + .seconds(1)) == asked + .minutes(5))
        // A shorter word does not shorten it.
        _ = circuit.event(.throttled(.seconds(10)), at: asked + .seconds(2))
        #expect(circuit.opens(after: asked + .seconds(2)) == asked + .minutes(5))
        _ = circuit.event(.succeeded(begun: asked + .seconds(3)), at: asked + .seconds(4))
        #expect(circuit == Circuit())
    }

    @Test func `a walk of any answers never opens wide what is degraded, and ends well with successes`() {
        var draw = Draw(state: 20_260_105)
        for _ in 0..<200 {
            var (circuit, now) = (Circuit(), Self.start)
            for _ in 0..<200 {
                now = now + .seconds(Int64.random(in: 0...600, using: &draw))
                let event = [
                    Circuit.Event.failed, .failed, .slowed, .throttled(.seconds(30)), .succeeded(begun: now),
                ].randomElement(using: &draw)
                if let event, circuit.opens(after: now) == nil { _ = circuit.event(event, at: now) }
                let allowance = circuit.allowance(at: now, of: 32)
                #expect((0...32).contains(allowance))
                #expect(!circuit.isDegraded || allowance <= 1)
            }
            now = now + Circuit.probeWaits.last
            for _ in 0..<6 { _ = circuit.event(.succeeded(begun: now), at: now) }
            #expect(circuit == Circuit())
        }
    }
}

/// SplitMix64.
private struct Draw: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// How a worker divides its places.
struct PlacesTests {

    /// Everybody wants as many as they get, none gives any back.
    private func fill(_ count: Int, of limit: Int, isFailing: Bool) -> [Int] {
        var held = Array(repeating: 0, count: count)
        var isMoving = true
        while isMoving {
            isMoving = false
            for index in held.indices {
                let taken = held.reduce(0, +)
                if held[index] < 32,
                    Places.admits(
                        holding: held[index], taken: taken, of: limit, part: Places.ofEndpoint,
                        isFailing: isFailing)
                {
                    held[index] += 1
                    isMoving = true
                }
            }
        }
        return held
    }

    @Test func `one alone gets all that an endpoint may have`() {
        #expect(fill(1, of: 256, isFailing: false) == [32])
    }

    @Test(arguments: [2, 8, 20, 50])
    func `however many hang, places are left, and somebody who has none gets one`(count: Int) {
        let held = fill(count, of: 256, isFailing: false)
        let taken = held.reduce(0, +)
        #expect(held.allSatisfy { $0 >= 1 })
        #expect(Places.admits(holding: 0, taken: taken, of: 256, part: Places.ofEndpoint))
        #expect(256 - taken >= 256 / (count + 5))
    }

    @Test func `those that fail never take the last places, however many they are`() {
        let taken = fill(1_000, of: 256, isFailing: true).reduce(0, +)
        #expect(taken == 224)
        #expect(Places.admits(holding: 0, taken: taken, of: 256, part: Places.ofEndpoint))
    }

    @Test func `who waits for a place is asked once, in the order of coming`() {
        let ids = (0..<5).map { WebhookID(UUID(high: 1, low: $0)) }
        var queue = PlaceQueue()
        for id in ids + ids { queue.append(id) }
        #expect(queue.take(2) == Array(ids[0..<2]))
        queue.append(ids[0])
        #expect(queue.take(9) == Array(ids[2...]) + [ids[0]])
        #expect(queue.take(9).isEmpty)
    }
}
