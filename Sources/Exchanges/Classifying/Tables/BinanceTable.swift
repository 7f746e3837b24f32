/// https://developers.binance.com/docs: binance-spot-api-docs/rest-api, derivatives/usds-margined-futures,
/// …/coin-margined-futures, …/option, margin_trading, wallet, algo
enum BinanceTable {
    static let classifier = RequestClassifier(
        .binance, reads + cancels + streams + orders + unread + futuresOrders + money + settings,
        formats: ["spot": [.form], "usdm": [.form], "coinm": [.form], "options": [.form]],
        openness: .pathAndMethod, signable: signable)

    /// Orders that nobody reads here: they count as what no table states, and are told from others by what
    /// they need.
    private static let unread: [Route] = Route.list(
        ["spot"], .admin,
        """
        POST /sapi/v1/margin/order/oto symbol workingType workingSide pendingType
        POST /sapi/v1/margin/order/otoco symbol workingType workingSide pendingSide
        POST /api/v3/orderList/opo symbol workingType workingSide pendingSide
        POST /api/v3/orderList/opoco symbol workingType workingSide pendingSide
        """)

    private static let reads: [Route] =
        Route.reads(
            ["spot"], "/api/v3/",
            """
            account account/commission order openOrders allOrders orderList allOrderList openOrderList
            myTrades rateLimit/order myPreventedMatches myAllocations order/amendments myFilters
            """)
        + Route.reads(
            ["spot"], "/sapi/v1/",
            """
            accountSnapshot account/info account/status account/apiTradingStatus account/apiRestrictions
            asset/assetDividend asset/dribblet asset/transfer asset/assetDetail asset/tradeFee
            asset/wallet/balance capital/config/getall capital/deposit/address capital/deposit/hisrec
            capital/withdraw/history margin/account margin/isolated/account margin/isolated/accountLimit
            margin/order margin/openOrders margin/allOrders margin/orderList margin/allOrderList
            margin/openOrderList margin/myTrades margin/maxBorrowable margin/maxTransferable
            margin/interestHistory margin/forceLiquidationRec margin/transfer margin/capital-flow
            margin/rateLimit/order margin/tradeCoeff margin/borrow-repay futures/transfer fiat/orders
            fiat/payments rebate/taxQuery algo/spot/openOrders algo/spot/historicalOrders
            algo/spot/subOrders algo/futures/openOrders algo/futures/historicalOrders algo/futures/subOrders
            bnbBurn margin/allPairs margin/isolated/allPairs margin/isolated/pair margin/pair
            margin/allAssets margin/asset margin/crossMarginData margin/isolatedMarginData
            margin/isolatedMarginTier
            """)
        + Route.reads(["spot"], "/sapi/v3/", "asset/getUserAsset", by: .post)
        + Route.reads(["spot"], "/sapi/v1/", "asset/get-funding-asset", by: .post)
        + futuresReads

    private static let futuresReads: [Route] =
        Route.reads(
            ["usdm"], "/fapi/v1/",
            """
            order openOrder openOrders allOrders account balance positionRisk positionSide/dual userTrades
            income commissionRate rateLimit/order apiTradingStatus multiAssetsMargin adlQuantile forceOrders
            leverageBracket positionMargin/history orderAmendment income/asyn income/asyn/id order/asyn
            order/asyn/id trade/asyn trade/asyn/id feeBurn symbolConfig accountConfig algoOrder
            openAlgoOrders allAlgoOrders
            """)
        + Route.reads(["usdm"], "/fapi/v2/", "account balance positionRisk")
        + Route.reads(["usdm"], "/fapi/v3/", "account balance positionRisk")
        + Route.reads(
            ["coinm"], "/dapi/v1/",
            """
            order openOrder openOrders allOrders account balance positionRisk positionSide/dual userTrades
            income commissionRate adlQuantile forceOrders leverageBracket positionMargin/history
            orderAmendment income/asyn income/asyn/id order/asyn order/asyn/id trade/asyn trade/asyn/id
            algoOrder openAlgoOrders allAlgoOrders
            """)
        + Route.reads(["coinm"], "/dapi/v2/", "leverageBracket")
        + Route.reads(
            ["options"], "/eapi/v1/",
            """
            account marginAccount position order openOrders historyOrders userTrades exerciseRecord bill
            income/asyn income/asyn/id mmp countdownCancelAll commission comission
            """)

    private static let cancels: [Route] =
        Route.list(
            ["spot"], .cancel,
            """
            DELETE /api/v3/order symbol
            DELETE /api/v3/openOrders symbol
            DELETE /api/v3/orderList symbol
            DELETE /sapi/v1/margin/order symbol
            DELETE /sapi/v1/margin/openOrders symbol
            DELETE /sapi/v1/margin/orderList symbol
            DELETE /sapi/v1/algo/spot/order algoId
            DELETE /sapi/v1/algo/futures/order algoId
            """)
        + ["usdm": "/fapi/v1", "coinm": "/dapi/v1"].sorted(by: <).flatMap { host, prefix in
            Route.list(
                [host], .cancel,
                """
                DELETE \(prefix)/order symbol
                DELETE \(prefix)/allOpenOrders symbol
                DELETE \(prefix)/batchOrders symbol
                DELETE \(prefix)/algoOrder algoId|clientAlgoId
                DELETE \(prefix)/algoOpenOrders symbol
                POST \(prefix)/countdownCancelAll symbol countdownTime
                """)
        }
        + Route.list(
            ["options"], .cancel,
            """
            DELETE /eapi/v1/order symbol
            DELETE /eapi/v1/batchOrders symbol
            DELETE /eapi/v1/allOpenOrders symbol
            DELETE /eapi/v1/allOpenOrdersByUnderlying underlying
            POST /eapi/v1/countdownCancelAll underlying countdownTime
            POST /eapi/v1/countdownCancelAllHeartBeat underlyings
            """)

    /// Listen keys open streams that tell and take nothing.
    private static let streams: [Route] =
        ["POST", "PUT", "DELETE"].flatMap { method in
            Route.list(
                ["spot"], .stream,
                """
                \(method) /api/v3/userDataStream
                \(method) /sapi/v1/userDataStream
                \(method) /sapi/v1/userDataStream/isolated
                """)
                + Route.list(["usdm"], .stream, "\(method) /fapi/v1/listenKey")
                + Route.list(["coinm"], .stream, "\(method) /dapi/v1/listenKey")
                + Route.list(["options"], .stream, "\(method) /eapi/v1/listenKey")
        }
        + Route.list(["spot"], .stream, "POST /sapi/v1/userListenToken")
}

// MARK: - Money

extension BinanceTable {
    static let money: [Route] =
        [
            .withdraw(
                ["spot"], .post, "/sapi/v1/capital/withdraw/apply",
                KnownNames(
                    """
                    coin! withdrawOrderId network address! addressTag amount! transactionFeeFlag name
                    walletType
                    """), withdrawal),
            .withdraw(
                ["spot"], .post, "/sapi/v1/localentity/withdraw/apply",
                KnownNames(
                    """
                    coin! withdrawOrderId network address! addressTag amount! transactionFeeFlag name
                    walletType questionnaire!
                    """), withdrawal),
        ]
        + Route.list(["spot"], .withdraw, gifts) + Route.list(["spot"], .transfer, transfers)
        + Route.list(["spot"], .admin, lending)
        + ["usdm": "/fapi/v1", "coinm": "/dapi/v1"].sorted(by: <).flatMap { host, prefix in
            Route.list(
                [host], .admin,
                """
                POST \(prefix)/positionMargin symbol amount type
                POST \(prefix)/positionSide/dual dualSidePosition
                """)
        }

    private static let transfers =
        """
        POST /sapi/v1/asset/transfer type asset amount
        POST /sapi/v1/margin/transfer asset amount type
        POST /sapi/v1/margin/isolated/transfer asset symbol transFrom transTo amount
        POST /sapi/v1/futures/transfer asset amount type
        POST /sapi/v1/sub-account/universalTransfer fromAccountType toAccountType asset amount
        POST /sapi/v1/sub-account/transfer/subToSub toEmail asset amount
        POST /sapi/v1/sub-account/transfer/subToMaster asset amount
        POST /sapi/v1/sub-account/futures/transfer email asset amount type
        POST /sapi/v1/sub-account/futures/internalTransfer fromEmail toEmail futuresType asset amount
        POST /sapi/v1/sub-account/margin/transfer email asset amount type
        POST /sapi/v1/managed-subaccount/deposit toEmail asset amount
        POST /sapi/v1/managed-subaccount/withdraw fromEmail asset amount
        POST /sapi/v1/broker/transfer asset amount
        POST /sapi/v1/broker/transfer/futures asset amount futuresType
        POST /sapi/v1/broker/universalTransfer fromAccountType toAccountType asset amount
        POST /sapi/v1/portfolio/bnb-transfer amount transferSide
        POST /sapi/v1/portfolio/asset-collection asset
        POST /sapi/v1/portfolio/earn-asset-transfer asset amount transferType
        POST /sapi/v1/giftcard/redeemCode code
        """

    /// A code is worth its amount to whoever has it.
    private static let gifts =
        """
        POST /sapi/v1/giftcard/createCode token amount
        POST /sapi/v1/giftcard/buyCode baseToken faceToken baseTokenAmount
        """

    private static let lending =
        """
        POST /sapi/v1/margin/borrow-repay asset isIsolated symbol amount type
        POST /sapi/v1/margin/loan asset amount
        POST /sapi/v1/margin/repay asset amount
        POST /sapi/v1/asset/dust asset
        POST /sapi/v1/asset/convert-transfer clientTranId asset amount targetAsset
        POST /sapi/v1/convert/getQuote fromAsset toAsset
        POST /sapi/v1/convert/acceptQuote quoteId
        POST /sapi/v1/simple-earn/flexible/subscribe productId amount
        """

    static let withdrawal: Route.WithdrawalReading = { p throws(MeaningProblem) in
        WithdrawalIntent(
            asset: try p.needed("coin"), network: try p.word("network"), address: try p.needed("address"),
            tag: try p.word("addressTag"), amount: try p.decimal("amount"))
    }
}
