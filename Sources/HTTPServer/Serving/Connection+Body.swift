import Kernel

extension Connection: BodySource {
    /// The request of a head that has just been read, with its body still in the socket.
    func makeRequest(_ head: RequestHead, _ framing: BodyFraming) -> Request {
        clearDeadline()
        bodyState = .unread
        hasBody = framing != .none
        isBodyLost = false
        bodyLimitBytes = server.limits.http.bodyBytes
        bodyDeadline = .max
        owesContinue = head.expectsContinue && hasBody
        return Request(
            head: head, peer: peer, isTLS: transport.isTLS, receivedAt: server.clock.monotonicNanoseconds(),
            id: requestID(head),
            body: hasBody
                ? RequestBody(source: self, contentEncoding: head.headers.list(.contentEncoding))
                : server.noBody)
    }

    /// The client's own id when it is harmless, else one of ours.
    private func requestID(_ head: RequestHead) -> String {
        guard let bytes = head.headers.valueBytes(.xRequestID), (1...64).contains(bytes.count),
            bytes.allSatisfy({ ByteClass.isLetterOrDigit($0) || $0 == 0x5F || $0 == 0x2D })
        else { return server.makeRequestID() }
        let id = String(decoding: bytes, as: UTF8.self)
        return server.mayShow(id) ? id : server.makeRequestID()
    }

    func bodyIsAwaited() {
        bodyDeadline = moment(in: server.limits.wholeBodySeconds)
    }

    func limitBody(to bytes: Int) throws(BodyError) {
        guard bodyState == .unread else { return }
        bodyLimitBytes = min(bodyLimitBytes, bytes)
        do throws(RequestError) {
            try parser.limitBody(to: bytes)
        } catch {
            isBodyLost = true
            throw .tooLarge(limitBytes: bytes)
        }
    }

    /// Steps over the end of a body that does not exist. False: there is one.
    func endEmptyBody() -> Bool {
        guard !hasBody else { return false }
        if bodyState != .ended {
            guard parser.endEmptyBody() else { return false }
            bodyState = .ended
            owesContinue = false
        }
        return true
    }

    nonisolated(nonsending) func nextPart() async throws(BodyError) -> [UInt8]? {
        do throws(BodyError) {
            return try await readPart()
        } catch {
            isBodyLost = true
            throw error
        }
    }

    private nonisolated(nonsending) func readPart() async throws(BodyError) -> [UInt8]? {
        if bodyState == .unread { bodyState = .reading }
        while bodyState != .ended {
            if let part = try parsePart() { return part }
            if bodyState == .ended { break }
            continueIfOwed()
            guard await flush() else { throw .disconnected }
            setDeadline(seconds: server.limits.bodyStallSeconds, atMost: bodyDeadline)
            defer { clearDeadline() }
            switch await fill() {
            case .bytes, .draining: continue
            case .endOfStream, .failed: throw .disconnected
            case .timedOut: throw .timedOut
            }
        }
        return nil
    }

    /// Bytes of the body that are here already. Nil: more must come, or the end was found.
    private func parsePart() throws(BodyError) -> [UInt8]? {
        while true {
            let step: RequestParser.Step
            do throws(RequestError) {
                step = try parseStep()
            } catch {
                throw error == .bodyTooLarge ? .tooLarge(limitBytes: bodyLimitBytes) : .refused(error)
            }
            defer { consume(step.consumed) }
            switch step.event {
            case .body(let range): return copyOfPending(range)
            case .end:
                bodyState = .ended
                owesContinue = false
            case .head, nil: if step.consumed > 0 { continue }
            }
            return nil
        }
    }

    private func continueIfOwed() {
        guard owesContinue else { return }
        owesContinue = false
        output.appendASCII("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Reads and drops what the handler left of the body, when that is little. False: the connection must
    /// end.
    nonisolated(nonsending) func skipBody() async -> Bool {
        var left = server.limits.lingerBytes
        while bodyState != .ended, !isBodyLost {
            do throws(BodyError) {
                left -= try await nextPart()?.count ?? 0
            } catch {
                return false
            }
            if left < 0 { return false }
        }
        return !isBodyLost
    }
}
