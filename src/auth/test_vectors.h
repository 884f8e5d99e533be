// Keys and tokens made with PyJWT 2 and pyca/cryptography, independent of the code under test. All
// tokens contain {"sub":"alice","exp":4102444800} (the year 2100) unless noted.
#pragma once

#include <string_view>

namespace carillon::auth::vectors {

inline constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

inline constexpr std::string_view kRsaPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvNlD9/gpYupadxNFcZmw\n"
    "Soibqh6u6wZGXLqq1v6Lx1UHywf3Bn0x11qnIErN7VDr1ZsyukQa6jQ5InbuVoQd\n"
    "JeO+V41dJUgkD2Bp/62uoylsZuDrYdQnmih+ifglqoN7g0doOEi6qcuKXktabWVP\n"
    "8ZLQ4zWNtRuwIUnvIt06w1VU/COK+CQ1FAU6Pg3DjK3BcQqDpze/8j8h6X6qVaXd\n"
    "k0thSNqH2Xy5ANDSZelBFzPLif2TCDSe9hLbxmkw6zytz4EwYCu2bMiUXMu8z3ZC\n"
    "n8xqUUNK09GDjyT+Sv2ZzMT8Sk6+OFL4vL4F1OaWk8C0zhzCCWJ0gelRF5j3MXQu\n"
    "nwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

// The same key in PKCS #1.
inline constexpr std::string_view kRsaPkcs1Pem =
    "-----BEGIN RSA PUBLIC KEY-----\n"
    "MIIBCgKCAQEAvNlD9/gpYupadxNFcZmwSoibqh6u6wZGXLqq1v6Lx1UHywf3Bn0x\n"
    "11qnIErN7VDr1ZsyukQa6jQ5InbuVoQdJeO+V41dJUgkD2Bp/62uoylsZuDrYdQn\n"
    "mih+ifglqoN7g0doOEi6qcuKXktabWVP8ZLQ4zWNtRuwIUnvIt06w1VU/COK+CQ1\n"
    "FAU6Pg3DjK3BcQqDpze/8j8h6X6qVaXdk0thSNqH2Xy5ANDSZelBFzPLif2TCDSe\n"
    "9hLbxmkw6zytz4EwYCu2bMiUXMu8z3ZCn8xqUUNK09GDjyT+Sv2ZzMT8Sk6+OFL4\n"
    "vL4F1OaWk8C0zhzCCWJ0gelRF5j3MXQunwIDAQAB\n"
    "-----END RSA PUBLIC KEY-----\n";

inline constexpr std::string_view kRsaOtherPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq2DspWUX/Ce62pM41Kwu\n"
    "zdQXQK/OQr/sxn+cZzjNQjm3Pwe5v8yvd3vI9E3VR6yqcMEMtwYPiz+FtMKbQC8b\n"
    "BVtvZcsxy177tBLhMhpLr7cXGJUMind0IsOrUTwrRQ1f7+GmJc5ts+jTf17lB1mI\n"
    "MladRylkTU+OLMOh1o6QeN0FMIpUHc6No9kyXGHiVbh//ldAFM5f4QqaVLC5FH2K\n"
    "kZneZx+zZmPfD3LaGMZKOt5uypGRf6bq5mW9JgKZQkUoYgZv1bV40hzJbIAaLPSw\n"
    "OCP4LbviLUm+uW67up+npEkgHFZ5I+RNIm2aPNDScC6zNQu/5fyiICaiC1Q4X6Ow\n"
    "lQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kRsa1024Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDXLuA/3IEBbT4arsQ6wV2PhHFb\n"
    "xMS7VAVdhDO4TJnzDBxVoyrupPgkTEmRTeCf7j6Mha3Kqxqe2Fw2e6ixsNMgxAOE\n"
    "PPppFVtu7ieFR1//9k4vUcz5IHJSMTMw2Z8Zv+mvFFart+MiTYD8ALWW70kk0k+7\n"
    "/caUBWZ1YbHG6lsLswIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kRsa2047Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBITANBgkqhkiG9w0BAQEFAAOCAQ4AMIIBCQKCAQB80DdLaM2WnPkBl90iaMAi\n"
    "eU4AzOkICC31xhH+AV4KZvCPUXrZAcaqabFzBBZG6Od6XVWHFxYvhGHMvx7cezd2\n"
    "jnYuB/RZ315m/O1T/Q1dxZQ0xdlHDVketIS+8FBljkteNFR2xva9s/Ca6GV/TzQt\n"
    "eHmJoYxuY/MIsgr3rDl/+X2OAS9zPmc6vSaM1fjgpYHacq+mBoKf1LaefTK51Yb3\n"
    "xra/0nB/M7E42AigWFiZr9megQnRG7abezGwQK35hpl0YC1wXTAZdQQXocOLkLhU\n"
    "Es+kY04AEkP8IaMI3OerF7TCzRf0QC+25DBF4xEMrcFrcr8bmanwj5u3yPIuMfSR\n"
    "AgMBAAE=\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kEs256Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuRtb2h/f8KVYv5KnluczHfBT6xou\n"
    "1YEmI6LAAzc5k6buuy4ifduuHQ0P/ybUN+pbpfhALZUyhlDPxAkcUq2cQA==\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kEs384Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEQX9Ixw0VO9QAipm8Wiry5VfQgB0GtUie\n"
    "+7L4pb9FLdntGzhv1lGTDGcN3NvPnLPs8JEmFVhTOwcykfCOXUSK3HB84N+wMkVW\n"
    "gWGqBDSau6lvFUb/lwPz5e93UKL/L5lO\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kEs512Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBZm37BN2EA79OmhUco590LZA51tZV\n"
    "C3pfTafSW6Ngm7ZrSitfDGYHRlmfbhSaXlL9O89MquCeR7xKuEYOjtvLcXoBXfw2\n"
    "6SdrNzMLp3zVxZxn/0tYa/0fdMdpwhZaHfwwjk+KQFtQPxB/wLYZ5yL9WooP8NRc\n"
    "rVEFjli7pM3pGwPeSwo=\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kSecp256k1Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEubDqF26JEOf0z8zFBeJDv6R8Wv66Rs/2\n"
    "zTeSO1eotdTWd9hM4d8RdQxfjvrp4jrAVeL7YvpGMjYFqUYHd0bx2A==\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kEd25519Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAzWa5xqrDLVzc0yAyu6/qt/ZE2UmFKwLDSFbV8pPOQfc=\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kEd448Pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MEMwBQYDK2VxAzoATjdvhvX2/4zydDfQMDHnJznZQjRJ1Mo4xq/Idu8NXVRZQH0o\n"
    "6k2LF3WwpZ5PIX7Xvdk3oiomO8cA\n"
    "-----END PUBLIC KEY-----\n";

// An RSASSA-PSS key, which PKCS #1 v1.5 must not use.
inline constexpr std::string_view kRsaPssPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAPWjAkIaxJY2ps9xWNGAi9/v\n"
    "8uDeQ/GICHffr3dLM5YgcIdYVRxcEC7M+g/ifd3V8Kpnd5ahwSl597S4NL089GQL\n"
    "HX4A13lXWSbkl7M4t4i4WK8ZsZDo6Nd6WU4zE/JW7nWkDvriyvEUX5DexyQ4Nds6\n"
    "fmJ5849uLYRBdzoaJFU8FGONupVPFMi5Z7VABOKmT5yTj7i+yRj4Gi4CK0AQ2w+I\n"
    "5pocxwe+zrOneC3PnVClesqJYSh64+oY3GXa9NEHJZjz0zxZVxPB6eWgdfxyA1FR\n"
    "6Lo7TVQvI2XoXx7BprE37ov9y7RQhBX4eV8olHBlQiAfigqzrYqN8s2iHJbQmnEC\n"
    "AwEAAQ==\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kCertificatePem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBCTCBsaADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBHRlc3QwHhcN\n"
    "MjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAwWjAPMQ0wCwYDVQQDDAR0ZXN0MFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuRtb2h/f8KVYv5KnluczHfBT6xou1YEm\n"
    "I6LAAzc5k6buuy4ifduuHQ0P/ybUN+pbpfhALZUyhlDPxAkcUq2cQDAKBggqhkjO\n"
    "PQQDAgNHADBEAiApuFRsCjlfzWtdvW/gy/FVsexk5WVuz36S+Nkl+bl7pQIgEKkJ\n"
    "3TvF//mypzQpzsrefMf1ita5FNtEUcK+6jV3Hpo=\n"
    "-----END CERTIFICATE-----\n";

inline constexpr std::string_view kTokenRs256 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.cTUxF9yvmb-W4-B"
    "zXAGbZIvzd0Q0m56zutyW8RZy3i1gmk0bnhmGrnUZ-dktiGRDO9fRGqIVP4Lm5OCbS_63h3P6_gNSh7M8Ts_A5SmwqpRLJgO"
    "oGZpl-OI2qOhDTrof0BjWiefSTbfqkZce2EW5290CWDyLQvVB7LnKVQqQbP1ePwB0U-ymznVhdA9b-H8XnUPHIOd14DNPR9k"
    "Pkpi1ubwpTp8PT8JFKnKWXMYzqHkP2EYpKAYlf03X8vzYJpsJ587UfpNj3gRJsSQ83ChFvDM5gORGNE_lzNtr7uHVb9L3rVx"
    "00_TAcBS2Uxktng9KPcgxF144xUxDOEv2QCFs-A";

inline constexpr std::string_view kTokenRs384 =
    "eyJhbGciOiJSUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.iWkd7clD5YvKfyu"
    "bHX_9UdJYJ6IG9mDJUjyFmh18Ntu4i2F2LW23c0dHUCMxNtYHaEnb-8r86K-XfIbBlh8VEjVQNaYhcbC88Xm1yvVs-IIvPXz"
    "Xlyt-Ka5_3jhCadS5pRiUQOHsT3bxyQotS39DoLvZ-OR2hqMYeby8PP_eqrdFiw59FFiP8VzVAQN96Ol3GIxeGtZgFom-htd"
    "-5z-9TVtgDiP7GdwttDZogiALqPW16GEsUKCFz1oJ7CCmwZ3AWFevV-diPD-YY3DPxAshJlQV6ZXJuWQqOi1soaBoSBNq16T"
    "iQeAe8l0w-TkwkZ0behrXbtpmRPZxh9Gw1eaiWw";

inline constexpr std::string_view kTokenRs512 =
    "eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.uB8XtWLBzMe3Xqv"
    "tt8U97lZkykQoqH90jV5KQxPDZIjr2Z0-o4yLPYy20L5hUQmgMrXrkaV3SHO9mPLXK6_fC3AXfx1kVlSnl7lHvN_6NrJnupY"
    "kzhG7xeXj_NH8wTzECV2dXw6psQhK7cFeHGcUB0fXZe6tjaKhwCehzqPpq-ByjVHWvllc2XkyJIkwUfwsOpSb6SLLaTS6bvY"
    "-bzxqX1lOn6w_pUksX_m0kdjPngeuNxIvEhl8Fh9SVgjsYsyW2ad0ZmE3d7seUkaF98iev4b0cgzxfWHxHJeB7J2aI0_hai_"
    "RZMKPQm40V5JvXT6TRrlmHpCl8_LthpfKm2p6Bw";

inline constexpr std::string_view kTokenPs256 =
    "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.dAFqYuoE9WFD8w4"
    "n9vNiZZvATSRDYWE7pp3jUvGU_ZNTGUuDY9f-y7MBAj_GZ-bMLccPL0nhvAoSik01jZ1TJKxai-vS-r6ARa3VNwh7hrGmpRL"
    "DWREiDJnbXk4ZnlQ4ZirfTiQnFaosexS6XKa9jsXFAKqKZ4ana2g7weiSILfmnwSpuGXXG9SjDlPrMfaqMF7VpjEImpIWYWx"
    "_zWFXbk8UxZ4lDDzGmnOkgDTMqcTyhyR9K58MT-vdmm8yc2UXoQvEY1LWlUwDw7S51idoI0Aw1GoV1p-fO1bYHQnQrXDKiGU"
    "_nsTTs39agF_hczj_H8Y3H7rNk932Enn-UECpqA";

inline constexpr std::string_view kTokenPs384 =
    "eyJhbGciOiJQUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.sHel9FrnuSXX0Ne"
    "mzruCG8Y6cxgRagax07lHqWtAapXy1kfhrwBKe6izHvioevAQKnzv0uPmjcsQCOJTCD6KZgC3L0uSfefvQah2d0-taqYsm8f"
    "YR11-EiYaPMAoMpSO3y6zfHyW8qKs0Ef190521mSYL1dytggdj6BnDrvN8J1cHV0iKSgtu972gOj22VNfa0hR5irtVHX2Wh3"
    "DFqF0CV_2F_xqSz7SXV77UUWJgXxivoCjDm_MDUM7dUy4O06k5zy9X6A235zz5KJuK6GbcIvBbFzD7_YwC-yTO4QvzQoAz5n"
    "B-ZyxTCvCa8_6NGlFiVGtrcCNpVDGVsPutc5mwA";

inline constexpr std::string_view kTokenPs512 =
    "eyJhbGciOiJQUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.mAWV9Gj6svueAgh"
    "e13flSxkL2-DVJxvpJq8AiJL-OXrGdo-ifUKKYgUxlFwv9HAQf4_Ug7V3CbHcONksx0DN3BrpP-ALtLiqkKBWoHAiYzoDtuR"
    "ymJ2IoK9e6GIZ4sXQilAjlGA9-PW1OAni5AR2ga2Nk3JwtL0nsvNlMWfO8tjNLLzc7rhhjxFmU6zO5nPt9K29QSSW19NdcSR"
    "gPGQVxVF4LTvANhsr6bUIwU3_r-wIDjzL3Q_WFFMZt23WruWLtOYs00LgHlODfdTTYbsJUT72jGKruJcvGH3j5n7jqlYKA9p"
    "8MgcYOpL8O1nQZkIgvPTuV0MiLg7tMl5dzD_ZOA";

inline constexpr std::string_view kTokenEs256 =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.3ds5N9l8IdTYVwx"
    "2ClzOJekH6SQvfG53YGCX64n3_QPO7leDSNwFMU5psjHWjcB6MKShORYeGmuowjkKTPQv9Q";

inline constexpr std::string_view kTokenEs384 =
    "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.mV9NYegFy6kmXvY"
    "LqgXXQv_RPtp48fHY8fCksWHnUoqOadLqeOtBep6ECmYrLe7lbZc_5x9h2S2lEM6SB1D0owL6DZDd97ZmsW2hdwUMgaMPC4F"
    "1XxpKkxH1fmRsAql_";

inline constexpr std::string_view kTokenEs512 =
    "eyJhbGciOiJFUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.ADzLufqNAilA7Az"
    "l83o5CzVNNYPQUT7JdcUpFwrIifQmXQKf8dYJW6KBE-dH8M8fSB8_8gE5KO6pX0l9ztWLC-P-Aaf9ch_dABKjwmMy53uXMTz"
    "wjvnlfCTNgUhQ24MRnDPpn76GJBcNNpXlYKpV0Z8nDOG6hiGhHfHhKOSTFLd2y62i";

inline constexpr std::string_view kTokenEddsa =
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.dzslIEAIAICPLFm"
    "cPPlTNaT9-765lUgpWDnBwgpTMFEHQYKKFSXrUW7QoO76Enn0rwdmr21peb2n-8SBrKELCQ";

inline constexpr std::string_view kTokenHs256 =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.DvdDttFvdgTOXtC"
    "2L5P1zfs2bIMtiEwN3al4EAHYyf8";

inline constexpr std::string_view kTokenHs384 =
    "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.E9f0a4INi73K46Q"
    "evDzZnCxz0cEj4Z7vgwjgTVOX8dW7_jdN8qPfkpyGS-YXpPqM";

inline constexpr std::string_view kTokenHs512 =
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.Hz0NxyMZvGBZHh9"
    "5KCXwRlEthQFrdoHho7zwO7un6S_DEP7KeiE3oX-PIUjQoBlMTmsnd97STFF2VrI9YFC5hg";

// PS256, by kRsaPssPem.
inline constexpr std::string_view kTokenPssKey =
    "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.9JKO30JuKNmskqiLBt3IvR3kYFX9Cyy"
    "ZB5O_cpMaN5gRO3xA6qx7-pswHKsKgSIQ8mfmrojLn9RzWfNGyILww8IO3aN6psQaMg7iKPz_Iw9EeqLnKgjFS7fCFsa_zpx"
    "hbGyjQzEGncK_mez3tsb7fL1NWscruYRh-YU28SKejix12R0FHRMlXOUajsnIfxdaJnTKaVtUZo7CjfndcZD1LYd7wmPHbig"
    "SSaDviO7wTffEsAQXxk9aeySuw4IaSVQRdWJFac1iBzVMdbDiWthEJW2f_CecpKvyJEc-aXKdRhHWv8ouxzVKgvlQxqTfx2i"
    "uDnL-QQdqYb4LbCM_uaH0bw";

// A good PSS signature, but with a salt of 20 bytes, where RFC 7518 section 3.5 wants the hash's 32.
inline constexpr std::string_view kTokenPs256Salt20 =
    "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.dt9YsnwCZASGjlv8PHy_WObZWQX84aq"
    "1QkhTgkfj0a6kRhyOs5brQUyYM_qC7M1qo7ehPmWOWt3JS3xwN0OsabDgu7Ih34jt0BfRFCus17pHViaerb2o57603zmUIk-"
    "qUqIwUye5OiDNBv08WumlgjZmDg4YoLpWjNguRH7X3SWpjbrtiWmma-80HbJCQ1ULaVbuP7R595osc02fCW5EVT0EWBNmtSQ"
    "VfY2y0uZswU4AzmeJsxFgqX0TxX59GL6Q9mwy8HPbI8vvayhb_pHWgXVrmG4HQQ9lzcku1wQ2k3eUjjy7N_KlYtffUs5ITls"
    "jD93JQB1zF4fpLMmywgsihw";

// A good ECDSA signature, but in DER.
inline constexpr std::string_view kTokenEs256Der =
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.MEYCIQCnWgqwnBpJcz4XEfedrEth1-r"
    "qryy3WTDYWVMbP_PUrQIhAIdXpCsA5eJH7dKBd1rcPKb5aw5AzF5vlzZ0fRKPH57t";

// Its r begins with a zero byte.
inline constexpr std::string_view kTokenEs256ShortR =
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.AP2R2uupALa_cmOLUrG8ZMPYux0yFWr"
    "ABA1kDJQwptPLVQ_tWChHGYbbc4n0gqWAtdeaFo1hFXeOWBDIo8klAA";

// The same without that byte: 63 bytes are no ES256 signature.
inline constexpr std::string_view kTokenEs256CutR =
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0._ZHa66kAtr9yY4tSsbxkw9i7HTIVasA"
    "EDWQMlDCm08tVD-1YKEcZhttzifSCpYC115oWjWEVd45YEMijySUA";

// The header has PS256, but the signature is PKCS #1 v1.5.
inline constexpr std::string_view kTokenPs256ByPkcs1 =
    "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.W05soBqFDsQBU8oOkI27SH1Bluq69a8"
    "3L_IvhmON7ZGuvK791k8cJFsuap-qieP_Gt78i-xTSL7gkrRToy2ox48hZ6IW9-1N0_lgoALBX7IwiJgBpRIII87vSW08Wqk"
    "g8LEluu0JUZWzyf6UGOZRl0jyH3L6pu1_wAoq82WF1NDLQcG8kgJDflXFRy4sOpRusySnCTlf8GQAgOArx5orvKQTdKEYti3"
    "MGxqL5kxJ9TpZv7NpLQiXJwGyXWmEAekNtWY0dqJVL6il1DHSnzAas6wkBmmQROgDKye0iErRcIDzDVAIm-Gtzz3zmTpBdlM"
    "_WEzN-yOru37taPqGv63m7Q";

// HS256 with the text of kRsaPem as its secret.
inline constexpr std::string_view kTokenConfusion =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.0gSdrNGmc7ekA0m3Z9FCFQcU1Wkq1o0"
    "Vt1S-pyzzspA";

}  // namespace carillon::auth::vectors
