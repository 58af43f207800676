halt-1
A1anomaly-0-12A1@66b2ccceddb57e04ce745fedd16ebfa2BTC-PERP.XDEX-1.5S1opsbooked by hand€€Ðß½”¹†1