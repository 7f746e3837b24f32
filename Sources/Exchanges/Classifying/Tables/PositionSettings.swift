import Kernel

// What sets leverage and margin modes, by each exchange: `admin`, and read, because at most exchanges orders
// name neither. Where it is set with other names or at other paths, that it is set is all that is known.

extension Parameters {
    /// Of several, the highest counts.
    fileprivate func leverage(_ names: String...) throws(MeaningProblem) -> PositionSetting.Value<Decimal> {
        var highest: Decimal?
        for name in names {
            guard let leverage = try decimal(name) else { continue }
            highest = max(highest ?? leverage, leverage)
        }
        return highest.map { .told($0) } ?? .unknown
    }

    fileprivate func mode(
        _ name: String, _ modes: [String: String]
    ) throws(MeaningProblem) -> PositionSetting.Value<String>? {
        try choice(name, modes).map { .told($0) }
    }
}

private func leverage(
    _ hosts: [String], _ path: String, _ known: KnownNames, _ name: String = "leverage"
) -> Route {
    .setting(hosts, path, known) { p throws(MeaningProblem) in
        PositionSetting(leverage: try p.leverage(name))
    }
}

private func marginMode(
    _ hosts: [String], _ path: String, _ known: KnownNames, _ name: String, _ modes: [String: String]
) -> Route {
    // Clients send a leverage along, of which the exchange takes no notice, or does.
    .setting(hosts, path, known.and(.body("leverage"))) { p throws(MeaningProblem) in
        PositionSetting(
            leverage: try p.decimal("leverage").map { .told($0) },
            marginMode: try p.mode(name, modes) ?? .unknown)
    }
}

extension BinanceTable {
    private static let modes = ["ISOLATED": "isolated", "CROSSED": "cross"]

    static let settings: [Route] =
        [("usdm", "/fapi/v1"), ("coinm", "/dapi/v1")].flatMap { host, prefix in
            [
                leverage([host], "\(prefix)/leverage", KnownNames("symbol! leverage!")),
                marginMode(
                    [host], "\(prefix)/marginType", KnownNames("symbol! marginType!"), "marginType", modes),
            ]
        }
        + [
            leverage(["spot"], "/papi/v1/um/leverage", KnownNames("symbol! leverage!")),
            leverage(["spot"], "/papi/v1/cm/leverage", KnownNames("symbol! leverage!")),
            leverage(
                ["spot"], "/sapi/v1/margin/max-leverage", KnownNames("maxLeverage!"), "maxLeverage"),
        ]
}

extension BybitTable {
    private static let accountModes = [
        "ISOLATED_MARGIN": "isolated", "REGULAR_MARGIN": "cross", "PORTFOLIO_MARGIN": "portfolio",
    ]

    static let settings: [Route] = [
        .setting(
            host, "/v5/position/set-leverage", .body("category! symbol! buyLeverage! sellLeverage!")
        ) { p throws(MeaningProblem) in
            PositionSetting(leverage: try p.leverage("buyLeverage", "sellLeverage"))
        },
        .setting(
            host, "/v5/position/switch-isolated",
            .body("category! symbol! tradeMode! buyLeverage! sellLeverage!")
        ) { p throws(MeaningProblem) in
            PositionSetting(
                leverage: try p.leverage("buyLeverage", "sellLeverage"),
                marginMode: try p.mode("tradeMode", ["0": "cross", "1": "isolated"]))
        },
        marginMode(
            host, "/v5/account/set-margin-mode", .body("setMarginMode!"), "setMarginMode", accountModes),
        leverage(host, "/v5/spot-margin-trade/set-leverage", .body("leverage! currency")),
    ]
}

extension OKXTable {
    static let settings: [Route] = [
        .setting(
            host, "/api/v5/account/set-leverage", .body("instId ccy lever! mgnMode! posSide")
        ) { p throws(MeaningProblem) in
            PositionSetting(
                leverage: try p.leverage("lever"),
                marginMode: try p.mode("mgnMode", ["isolated": "isolated", "cross": "cross"]))
        }
    ]
}

extension KuCoinTable {
    static let settings: [Route] = [
        leverage(["futures"], "/api/v2/changeCrossUserLeverage", .body("symbol! leverage!")),
        marginMode(
            ["futures"], "/api/v2/position/changeMarginMode", .body("symbol! marginMode!"), "marginMode",
            ["ISOLATED": "isolated", "CROSS": "cross"]),
    ]
}

extension GateTable {
    private static let modes = ["ISOLATED": "isolated", "CROSS": "cross"]

    /// A leverage of 0 is cross margin, with a limit of its own.
    static let settings: [Route] =
        [
            futures + "positions/{contract*}", futures + "dual_comp/positions/{contract*}",
            delivery + "positions/{contract*}",
        ].map { place in
            .setting(
                host, place + "/leverage", .query("leverage! cross_leverage_limit pid")
            ) { p throws(MeaningProblem) in
                guard try p.decimal("leverage") == .zero else {
                    return PositionSetting(
                        leverage: try p.leverage("leverage"), marginMode: .told("isolated"))
                }
                let limit = try p.leverage("cross_leverage_limit")
                return PositionSetting(
                    leverage: limit == .told(.zero) ? .unknown : limit, marginMode: .told("cross"))
            }
        }
        + [
            marginMode(
                host, futures + "positions/cross_mode", .body("mode! contract!"), "mode", modes),
            marginMode(
                host, futures + "dual_comp/positions/cross_mode", .body("mode! contract!"), "mode", modes),
            leverage(
                host, "/api/v4/unified/leverage/user_currency_setting", .body("currency! leverage!")),
            leverage(
                host, "/api/v4/margin/leverage/user_market_setting", .body("currency_pair leverage!")),
        ]
}

extension BitgetTable {
    private static let modes = ["isolated": "isolated", "crossed": "cross"]

    static let settings: [Route] = [
        .setting(
            host, "/api/v2/mix/account/set-leverage",
            .body("symbol! productType! marginCoin! leverage longLeverage shortLeverage holdSide marginMode")
        ) { p throws(MeaningProblem) in
            PositionSetting(
                leverage: try p.leverage("leverage", "longLeverage", "shortLeverage"),
                marginMode: try p.mode("marginMode", modes))
        },
        marginMode(
            host, "/api/v2/mix/account/set-margin-mode",
            .body("symbol! productType! marginCoin! marginMode!"), "marginMode", modes),
        .setting(
            host, "/api/v3/account/set-leverage",
            .body("category! symbol leverage! coin posSide marginMode")
        ) { p throws(MeaningProblem) in
            PositionSetting(
                leverage: try p.leverage("leverage"), marginMode: try p.mode("marginMode", modes))
        },
    ]
}

extension MEXCTable {
    static let settings: [Route] = [
        .setting(
            ["futures"], "/api/v1/private/position/change_leverage",
            .body("positionId leverage! openType symbol positionType leverageMode marginSelected")
        ) { p throws(MeaningProblem) in
            PositionSetting(
                leverage: try p.leverage("leverage"),
                marginMode: try p.mode("openType", ["1": "isolated", "2": "cross"]))
        }
    ]
}
