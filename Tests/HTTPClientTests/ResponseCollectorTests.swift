import Testing

@testable import HTTPClient

@Suite struct ResponseCollectorTests {
    private func collect(
        _ lines: [String], body: [String] = [], read: Int = 16, kept: Int = 4
    ) -> (collector: ResponseCollector, goesOn: Bool) {
        var collector = ResponseCollector(limits: .init(readBytes: read, keptBytes: kept))
        var goesOn = true
        for line in lines {
            goesOn = Array((line + "\r\n").utf8).withUnsafeBytes { collector.line($0) } && goesOn
        }
        for part in body {
            goesOn = Array(part.utf8).withUnsafeBytes { collector.bodyPart($0) } == .goOn && goesOn
        }
        return (collector, goesOn)
    }

    @Test func `interim heads are forgotten, folded and broken lines dropped, trailers ignored`() {
        let (collector, goesOn) = collect([
            "HTTP/1.1 103 Early Hints", "Link: x", "", "HTTP/1.1 201 Created", "X-A:  b \t", " folded",
            "no colon", ":x",
            "Empty:", "", "Trailer: t",
        ])
        #expect(goesOn)
        #expect(collector.status == 201)
        #expect(collector.headers == [OutgoingHeader("X-A", "b"), OutgoingHeader("Empty", "")])
    }

    @Test func `the body is kept up to one limit and read up to the other`() {
        let kept = collect(["HTTP/1.1 200 OK", ""], body: ["abc", "defg"])
        #expect(kept.goesOn && kept.collector.isTruncated && !kept.collector.isStopped)
        #expect(kept.collector.body == Array("abcd".utf8))
        let whole = collect(["HTTP/1.1 200 OK", ""], body: ["abcd"])
        #expect(whole.goesOn && !whole.collector.isTruncated)
        let stopped = collect(["HTTP/1.1 200 OK", ""], body: ["0123456789abcdef", "g"])
        #expect(
            !stopped.goesOn && stopped.collector.isStopped && stopped.collector.body == Array("0123".utf8))
    }

    @Test func `of a streamed body little waits, and what finds no room is not taken`() {
        var limits = OutgoingRequest.ResponseLimits(readBytes: 12, keptBytes: 12)
        limits.streamedFromBytes = 4
        var collector = ResponseCollector(limits: limits)
        let part = { (text: String) in Array(text.utf8).withUnsafeBytes { collector.bodyPart($0) } }
        #expect(part("abcd") == .goOn && !collector.isOpen)
        #expect(part("efg") == .goOn && collector.isOpen)
        #expect(part("hij") == .pause)
        #expect(collector.takeBody() == Array("abcdefg".utf8))
        #expect(part("hij") == .goOn && !collector.isStopped)
        #expect(collector.takeBody() == Array("hij".utf8))
        #expect(part("klm") == .stop && collector.isStopped && collector.isTruncated)
        #expect(collector.takeBody() == Array("kl".utf8))
    }

    @Test func `endless heads end`() {
        let line = "X: " + String(repeating: "y", count: 1_000)
        let (collector, goesOn) = collect(["HTTP/1.1 200 OK"] + Array(repeating: line, count: 40))
        #expect(!goesOn && collector.isHeadTooLarge)
    }
}
