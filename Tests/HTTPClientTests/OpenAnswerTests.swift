import EventLoop
import Kernel
import Testing

@testable import HTTPClient

/// Long answers that are handed over as they come.
@Suite struct OpenAnswerTests {
    /// How a streamed answer ended.
    private struct Ended: Equatable, Sendable {
        var first = 0
        var bytes = 0
        var parts = 0
        var largest = 0
        var failure: OutgoingError?
    }

    private func opened(
        streamedFrom: Int = 10_000, readBytes: Int = 16 << 20, takes: Int = .max, rests: Duration = .zero,
        settings: HTTPClient.Settings = .forTests, _ script: @escaping @Sendable (Peer) -> Void
    ) async throws -> Ended {
        let server = try ScriptedServer(script)
        defer { server.stop() }
        let room = try await ClientRoom(settings: settings)
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server)
        request.responseLimits = .init(readBytes: readBytes, keptBytes: readBytes)
        request.responseLimits.streamedFromBytes = streamedFrom
        let ended = try await room.open(request) { answer in
            var ended = Ended(first: answer.response.body.count, bytes: answer.response.body.count)
            do throws(OutgoingError) {
                while ended.parts < takes, let part = try await answer.rest?.next() {
                    ended.bytes += part.count
                    ended.parts += 1
                    ended.largest = max(ended.largest, part.count)
                    if ended.parts <= 5, rests > .zero { try? await Task.sleep(for: rests) }
                }
            } catch {
                ended.failure = error
            }
            return ended
        }
        #expect(await room.inFlight() == 0)
        return ended
    }

    private static let megabyte = String(repeating: "m", count: 1 << 20)

    private static func answerMegabytes(_ count: Int, _ peer: Peer) {
        _ = peer.readRequest()
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(count << 20)\r\n\r\n")
        for _ in 0..<count { peer.write(megabyte) }
        peer.waitForEnd()
    }

    @Test func `a short answer comes whole`() async throws {
        let ended = try await opened { peer in
            _ = peer.readRequest()
            peer.answer("200 OK", String(repeating: "s", count: 9_000))
            peer.waitForEnd()
        }
        #expect(ended == Ended(first: 9_000, bytes: 9_000))
    }

    @Test func `a long one comes in parts, whole, and never waits in memory as such`() async throws {
        let ended = try await opened { peer in Self.answerMegabytes(8, peer) }
        #expect(ended.bytes == 8 << 20)
        #expect(ended.failure == nil)
        #expect(ended.first > 10_000)
        // libcurl hands over 16 KB at a time, and is held back once that many bytes wait.
        #expect(max(ended.first, ended.largest) <= 10_000 + 2 * 16_384)
        #expect(ended.parts > 100)
    }

    @Test func `who takes it slowly holds the sender back: no more waits in memory`() async throws {
        let ended = try await opened(rests: .milliseconds(40)) { peer in Self.answerMegabytes(12, peer) }
        #expect(ended.bytes == 12 << 20)
        #expect(ended.failure == nil)
        #expect(max(ended.first, ended.largest) <= 10_000 + 2 * 16_384)
    }

    @Test func `past what may be read it is cut, and said to be`() async throws {
        let ended = try await opened(readBytes: 3 << 20) { peer in Self.answerMegabytes(8, peer) }
        #expect(ended.bytes == 3 << 20)
        #expect(ended.failure == .cutAnswer(status: 200))
    }

    @Test func `one that breaks off is no whole answer`() async throws {
        let ended = try await opened { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(8 << 20)\r\n\r\n")
            peer.write(Self.megabyte)
        }
        #expect(ended.bytes <= 1 << 20)
        #expect(ended.failure == .cutAnswer(status: 200))
    }

    @Test func `one that stalls is given up`() async throws {
        var settings = HTTPClient.Settings.forTests
        settings.stallLimit = .milliseconds(200)
        let ended = try await opened(settings: settings) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(8 << 20)\r\n\r\n")
            peer.write(Self.megabyte)
            peer.waitForEnd()
        }
        #expect(ended.failure == .timeout(.answer))
    }

    @Test func `one whose beginning does not come in time is none`() async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            peer.waitForEnd()
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server, total: .seconds(3))
        request.responseLimits.streamedFromBytes = 1_000
        let late = request
        let failure = await #expect(throws: OutgoingError.self) { try await room.open(late) { _ in 0 } }
        #expect(failure == .timeout(.answer))
        #expect(await room.inFlight() == 0)
    }

    @Test func `whoever lets go of it closes the connection, and its sender is not read on`() async throws {
        let gone = Gate(2)
        let ended = try await opened(takes: 1) { peer in
            // More than the buffers of both sockets together: it ends when the other side is gone.
            Self.answerMegabytes(64, peer)
            gone.pass()
        }
        gone.pass()
        #expect(ended.parts == 1)
        #expect(ended.bytes < 1 << 20)
    }
}
