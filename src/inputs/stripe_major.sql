		CASE WHEN upper(@currency@) IN ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 1
			WHEN upper(@currency@) IN ('BHD', 'JOD', 'KWD', 'OMR', 'TND') THEN 0.001 ELSE 0.01 END
