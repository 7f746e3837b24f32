extension RequestDraft {
    /// What no table knows is `admin`; what says by its name that it moves money out or about is never less
    /// than that. To tell of something, or to take it back, moves nothing.
    var operationByName: RequestOperation {
        let name = path.lowercased()
        guard method != .get, method != .delete, !name.contains("cancel") else { return .admin }
        if Self.leaving.contains(where: name.contains) { return .withdraw }
        return name.contains("transfer") ? .transfer : .admin
    }

    /// What goes to others by any of these.
    private static let leaving = [
        "withdraw", "p2p", "award", "payout", "gift", "redpacket", "red-packet", "red_packet",
    ]

    /// What no table reads, and what sets leverage or a margin mode by its name.
    var settingByName: PositionSetting? { PositionSetting(byNameOf: path, method) }
}

extension PositionSetting {
    /// Nil for what sets neither, as far as its name tells.
    init?(byNameOf path: String, _ method: RequestDraft.Method) {
        let name = path.lowercased().filter { $0.isLetter || $0 == "/" }
        guard method != .get else { return nil }
        let modes = ["marginmode", "margintype", "isolatedmode", "crossmode", "switchisolated"]
        self.init(
            leverage: name.contains("leverage") ? .unknown : nil,
            marginMode: modes.contains { name.contains($0) } ? .unknown : nil)
        if self == PositionSetting() { return nil }
    }
}
