"""f-BRS (Sofiiuk et al., CVPR 2020) and its forerunners as baselines: prediction pipeline, ZoomIn, loss, L-BFGS-B.

Of the refinement engine only `gbrs_core.zoomed_refinement` depends on it: for the choice of the region.
"""
